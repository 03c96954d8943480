// "Newest wins" for what is sent unnumbered: key epoch and packet number tell the order of sending.
#pragma once

#include <cstdint>
#include <optional>

namespace usbgw::session {

class NewestPacket {
 public:
  // False for a packet older than the newest; several in one packet all pass.
  [[nodiscard]] bool advance(std::uint64_t order) {
    if (newest_ && order < *newest_) return false;
    newest_ = order;
    return true;
  }

 private:
  std::optional<std::uint64_t> newest_;
};

}  // namespace usbgw::session

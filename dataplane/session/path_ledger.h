// Which of two paths brought each datagram first, and which datagrams one of them never brought:
// lost, or not sent there (its port was full, or it has been silent for long). A statistic, and
// nothing else: what comes a second time is not opened, so whoever can send us bytes can falsify
// it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/path_estimate.h"

namespace usbgw::session {

class PathLedger {
 public:
  // Datagrams within which the other path's is waited for: at 8000 a second, a quarter of a second.
  static constexpr std::size_t kWindow = 2048;

  struct Share {
    std::uint64_t first = 0;     // datagrams that this path brought before the other
    std::uint64_t compared = 0;  // that the other path brought, and whose time here is over
    std::uint64_t lost = 0;      // of those, never came here
  };

  // Opened; `order` is that of sending, and not negative.
  void first(std::int64_t order, PathId path);
  // One that has been opened before. True: the other path had brought it.
  [[nodiscard]] bool again(std::int64_t order, PathId path);
  [[nodiscard]] const Share& share(PathId path) const { return shares_[index_of(path)]; }

 private:
  static constexpr auto kSize = static_cast<std::int64_t>(kWindow);
  using Came = std::uint8_t;  // bit: path

  [[nodiscard]] Came& came(std::int64_t order) {
    return came_[static_cast<std::size_t>(order % kSize)];
  }
  void advance(std::int64_t to);
  void settle(Came& came);

  std::int64_t newest_ = -1;
  std::array<Came, kWindow> came_{};
  std::array<Share, kMaxPaths> shares_{};
};

}  // namespace usbgw::session

// A peer that has the keys and says what it likes.
#pragma once

#include "crypto/aead.h"
#include "tests/dataplane/session/session_pair.h"
#include "wire/datagram.h"
#include "wire/records.h"

namespace usbgw::session::test {

class HostilePeer {
 public:
  HostilePeer()
      : keys_(derive_keys(kSecret, true, 0, 0)), sealer_(keys_.transmit, keys_.transmit_iv) {}

  // A datagram for the session of End{is_host = false}, with any bytes as its records.
  [[nodiscard]] Bytes seal(std::span<const std::byte> records, std::uint64_t packet) {
    Bytes datagram(wire::kDatagramOverhead + records.size());
    const auto header = std::span(datagram).first<wire::kDatagramHeader>();
    wire::encode(wire::DatagramHeader{2, packet}, header);
    const std::array pieces{records};
    sealer_.seal(packet, header, pieces, std::span(datagram).subspan(wire::kDatagramHeader));
    return datagram;
  }
  [[nodiscard]] Bytes seal(std::span<const std::byte> records) { return seal(records, next_++); }

  template <class Write>
  [[nodiscard]] Bytes seal_with(Write&& write) {
    Bytes records(8000);
    ByteWriter writer(records);
    write(writer);
    return seal(writer.written());
  }
  [[nodiscard]] Bytes source(std::uint32_t number, StreamId stream = kStream) {
    const Bytes symbol(4, std::byte{1});
    return seal_with([&](ByteWriter& writer) {
      wire::encode(wire::SourceRecord{{stream, StreamEpoch{1}}, false, false, number, symbol},
                   writer);
    });
  }

 private:
  SessionKeys keys_;
  crypto::Sealer sealer_;
  std::uint64_t next_ = 0;
};

}  // namespace usbgw::session::test

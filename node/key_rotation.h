// When the keys of one datagram session change: each end gives the other the next key that it will
// receive under, as a key epoch and a session index, every kKeyLifetime or when half of what a key
// may seal is spent. Control thread; the keys themselves go to the packet worker by its ring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/result.h"
#include "common/wiped.h"
#include "node/packet_loop.h"
#include "node/session_numbers.h"
#include "wire/session_message.h"

namespace usbgw::node {

class KeyRotation {
 public:
  using Secret = Wiped<32>;  // of the TLS exporter: one for each connection

  KeyRotation(SessionHandle handle, const Secret& secret, bool is_host, SessionNumbers& numbers,
              PacketLoop& packets, Instant now);
  KeyRotation(const KeyRotation&) = delete;
  KeyRotation& operator=(const KeyRotation&) = delete;

  // What the peer has to be told now, if anything: the packet worker takes that epoch already.
  [[nodiscard]] std::optional<wire::KeyEpoch> turn(Instant now);
  // Packet numbers that the peer has spent under the key of `epoch`, as the packet worker reports.
  // A report from before the last change says nothing of the key that is in use now.
  void count(std::uint32_t epoch, std::uint64_t packets, Instant now);
  // The peer's next key. Refused when it is out of order or comes far too often.
  [[nodiscard]] Result<void> take(const wire::KeyEpoch& next, Instant now);
  [[nodiscard]] Instant next_deadline() const;

 private:
  void hand_over();

  SessionHandle handle_;
  Secret secret_;
  bool is_host_;
  SessionNumbers& numbers_;
  PacketLoop& packets_;
  Instant started_;
  Instant next_receive_;
  std::uint32_t receive_epoch_ = 0;
  std::uint32_t transmit_epoch_ = 0;
  std::unique_ptr<session::TransmitEpoch> waiting_;  // the ring to the packet worker was full
};

}  // namespace usbgw::node

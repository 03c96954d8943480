// Counters of one session: one list makes the enum, the names and the help texts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace usbgw::session {

#define USBGW_SESSION_COUNTERS(X)                                                   \
  X(datagrams_sent, "datagrams sealed and handed to the port")                      \
  X(datagrams_received, "datagrams opened")                                         \
  X(bytes_sent, "UDP payload bytes sent")                                           \
  X(bytes_received, "UDP payload bytes opened")                                     \
  X(sources_sent, "source symbols sent for the first time")                         \
  X(sources_received, "source symbols delivered, however they came")                \
  X(sources_lost, "source numbers that were skipped for good")                      \
  X(sources_repaired, "source symbols delivered from a repair symbol")              \
  X(sources_retransmitted, "source symbols delivered from a resend")                \
  X(repairs_sent, "repair symbols sent")                                            \
  X(repairs_useless, "repair symbols that came for nothing missing")                \
  X(resends, "sources sent again")                                                  \
  X(requests_sent, "requests for missing sources of timely streams sent")           \
  X(requests_received, "requests for sources of timely streams")                    \
  X(path_copies_sent, "datagrams that were handed to the second port as well")      \
  X(path_duplicates, "datagrams that the other path had brought before")            \
  X(drop_wrong_path, "pings and probes of one path that came on the other")         \
  X(drop_authentication, "datagrams whose tag did not verify")                      \
  X(drop_replay, "datagrams outside the replay window or seen before")              \
  X(drop_malformed, "opened datagrams with a record that does not decode")          \
  X(drop_unknown_stream, "records for a stream or opening that is not open")        \
  X(drop_no_block, "datagrams or sources dropped because the block pool was empty") \
  X(drop_ring_full, "sources dropped because the ring to the USB worker was full")  \
  X(drop_too_large, "sources larger than the path's datagrams")                     \
  X(transmit_blocked, "turns in which the port had no room")                        \
  X(transmit_key_spent, "turns in which the key had sealed all that it may")        \
  X(mtu_lowered, "times the path payload had to be lowered")

enum class SessionCounter : std::uint8_t {
#define USBGW_X(name, help) name,
  USBGW_SESSION_COUNTERS(USBGW_X)
#undef USBGW_X
      count_
};

// Written by the packet worker alone; readers get a copy through a ring.
class SessionCounters {
 public:
  void add(SessionCounter counter, std::uint64_t amount = 1) {
    values_[static_cast<std::size_t>(counter)] += amount;
  }
  [[nodiscard]] std::uint64_t operator[](SessionCounter counter) const {
    return values_[static_cast<std::size_t>(counter)];
  }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(SessionCounter::count_)> values_{};
};

struct CounterText {
  std::string_view name;
  std::string_view help;
};
[[nodiscard]] CounterText describe(SessionCounter counter);

}  // namespace usbgw::session

// Counters of one port: one list makes the enum, the names and the help texts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace usbgw::dpdk {

#define USBGW_PORT_COUNTERS(X)                                                            \
  X(frames_received, "frames that the port gave us")                                      \
  X(frames_sent, "frames that the port took from us")                                     \
  X(bytes_received, "bytes in frames received, without the frame check sequence")         \
  X(bytes_sent, "bytes in frames sent, without the frame check sequence")                 \
  X(datagrams_received, "datagrams handed to the session")                                \
  X(datagrams_sent, "datagrams committed for sending")                                    \
  X(arp_answered, "ARP requests for our addresses answered")                              \
  X(solicitations_answered, "neighbour solicitations for our addresses answered")         \
  X(pings_answered, "echo requests answered")                                             \
  X(neighbours_asked, "ARP requests and neighbour solicitations sent")                    \
  X(neighbours_learned, "answers that gave or changed a link address")                    \
  X(drop_own_frame, "frames that carry our own source address (looped by the interface)") \
  X(drop_other_station, "frames for another station")                                     \
  X(drop_vlan, "frames with a VLAN tag other than ours, or without one")                  \
  X(drop_ether_type, "frames that are neither IP nor ARP")                                \
  X(drop_malformed, "frames whose headers do not decode")                                 \
  X(drop_segmented, "frames spread over several buffers (longer than the MTU)")           \
  X(drop_ip_checksum, "IPv4 headers with a wrong checksum")                               \
  X(drop_fragment, "IP fragments; we never send any and reassemble none")                 \
  X(drop_other_address, "packets for an IP address that is not ours")                     \
  X(drop_protocol, "IP packets that are neither UDP nor ICMP")                            \
  X(drop_other_port, "UDP datagrams for another port")                                    \
  X(drop_udp_checksum, "UDP datagrams with a wrong checksum")                             \
  X(drop_arp, "ARP packets that were neither a request for us nor an awaited reply")      \
  X(drop_icmp, "ICMP messages that need no answer from us")                               \
  X(drop_no_route, "datagrams not sent: no network or gateway leads there")               \
  X(drop_unresolved, "datagrams not sent: the next hop's link address is not known yet")  \
  X(drop_no_buffer, "datagrams or answers not sent: the buffer pool was empty")           \
  X(transmit_blocked, "times the port had no room for what we wanted to send")

enum class PortCounter : std::uint8_t {
#define USBGW_X(name, help) name,
  USBGW_PORT_COUNTERS(USBGW_X)
#undef USBGW_X
      count_
};
inline constexpr std::size_t kPortCounters = static_cast<std::size_t>(PortCounter::count_);

// Written by the packet worker alone; readers get a copy through it.
class PortCounters {
 public:
  void add(PortCounter counter, std::uint64_t amount = 1) {
    values_[static_cast<std::size_t>(counter)] += amount;
  }
  [[nodiscard]] std::uint64_t operator[](PortCounter counter) const {
    return values_[static_cast<std::size_t>(counter)];
  }

 private:
  std::array<std::uint64_t, kPortCounters> values_{};
};

struct CounterText {
  std::string_view name;
  std::string_view help;
};
[[nodiscard]] CounterText describe(PortCounter counter);

}  // namespace usbgw::dpdk

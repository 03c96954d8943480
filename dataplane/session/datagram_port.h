// The edge between the session and whatever moves datagrams: a DPDK port queue (dataplane/dpdk/) or
// the simulated network (simulation/). One packet worker owns it; nothing here is thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/ip_address.h"
#include "common/path_estimate.h"
#include "common/timeline.h"
#include "qos/traffic_class.h"

namespace usbgw::session {

struct ReceivedDatagram {
  UdpEndpoint from;
  std::span<std::byte> payload;  // UDP payload; ours to overwrite until release()
};

class DatagramPort {
 public:
  virtual ~DatagramPort() = default;

  // Up to burst.size() datagrams addressed to our UDP port; everything else (ARP, NDP, ping,
  // strangers) is dealt with inside. The payloads stay valid until release(), which must come
  // before the next receive().
  [[nodiscard]] virtual std::size_t receive(std::span<ReceivedDatagram> burst, Instant now) = 0;
  virtual void release() = 0;

  // Room for one datagram's UDP payload, at most max_payload(to) bytes; empty when buffers ran out
  // or the next hop's link address is not known yet (it is then being asked for, and the drop is
  // counted). Exactly one commit() or abandon() must follow a non-empty reserve().
  [[nodiscard]] virtual std::span<std::byte> reserve(const UdpEndpoint& to, Instant now) = 0;
  virtual void commit(std::size_t bytes, qos::TrafficClass traffic_class) = 0;
  virtual void abandon() = 0;
  // Hands what was committed to the wire; called at the end of every turn. Returns datagrams sent.
  virtual std::size_t flush(Instant now) = 0;

  // Largest UDP payload that the port itself can carry to `to` without IP fragmentation (the path
  // may carry less).
  [[nodiscard]] virtual std::size_t max_payload(const UdpEndpoint& to) const = 0;
  [[nodiscard]] virtual UdpEndpoint local() const = 0;
  // Copies its counters out, as many as fit; gives their number. The worker's, as all above.
  [[nodiscard]] virtual std::size_t counters(std::span<std::uint64_t> values) const {
    static_cast<void>(values);
    return 0;
  }
  // What counters() puts at `index`; any thread.
  [[nodiscard]] virtual std::string_view counter_name(std::size_t index) const {
    static_cast<void>(index);
    return {};
  }
  // Timers of its own (neighbour resolution); kNever if none.
  [[nodiscard]] virtual Instant next_deadline() const { return kNever; }
  // Readable while receive() would have something; none: only a look tells. The worker says when it
  // has slept on it and found it readable.
  [[nodiscard]] virtual std::optional<int> descriptor() const { return std::nullopt; }
  virtual void on_ready() {}
  // Something may wait that neither the descriptor nor the deadline announces.
  [[nodiscard]] virtual bool must_poll() const { return !descriptor(); }
};

// What a session sends through: both ports when it has two paths.
struct PathPorts {
  PathPorts(DatagramPort& only) : ports{&only, nullptr} {}  // NOLINT(google-explicit-constructor)
  PathPorts(DatagramPort& first, DatagramPort* second) : ports{&first, second} {}
  std::array<DatagramPort*, kMaxPaths> ports;
};

}  // namespace usbgw::session

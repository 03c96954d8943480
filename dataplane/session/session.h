// One datagram session with one peer: seals and opens, numbers packets, rejects replays, removes
// duplicates, repairs, acknowledges and resends what must be reliable, measures the path, probes
// its MTU. Sans-IO and single-threaded: the packet worker that owns the port queue owns the
// session. It moves source symbols between the two StreamLinks and datagrams; it does not know what
// they contain.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "common/ip_address.h"
#include "common/path_estimate.h"
#include "common/stream_link.h"
#include "common/wiped.h"
#include "dataplane/session/datagram_port.h"
#include "dataplane/session/key_epoch.h"
#include "dataplane/session/session_counters.h"
#include "fec/repair_window.h"

namespace usbgw::session {

struct SessionKeys {
  Wiped<crypto::kAeadKeyBytes> transmit;
  Wiped<crypto::kAeadKeyBytes> receive;
  Wiped<crypto::kAeadIvBytes> transmit_iv;  // nonce = iv XOR packet number (RFC 5116, 3.2 style)
  Wiped<crypto::kAeadIvBytes> receive_iv;
};

// Both sides call it with the TLS exporter's secret; `is_host` tells the directions apart.
[[nodiscard]] SessionKeys derive_keys(std::span<const std::byte, 32> exporter_secret, bool is_host,
                                      std::uint32_t epoch, std::uint32_t queue);

struct SessionConfig {
  SessionIndex local_index;   // in datagrams we receive
  SessionIndex remote_index;  // in datagrams we send
  UdpEndpoint remote;
  std::size_t initial_payload = 1400;  // UDP payload until the probes have found more
  std::size_t max_payload = 8900;      // never probe above (min of both ends' ports)
  Duration ping_interval = std::chrono::milliseconds(100);
  // The other end of the second path, if both ends have one.
  std::optional<UdpEndpoint> second_remote;
};

// One path of a session, as far as it has been measured.
struct PathStatus {
  PathEstimate estimate;
  std::size_t payload = 0;  // UDP payload that its probes have confirmed
  bool is_answering = false;
  // Datagrams that came here first; those that came on the other path, and of them those that never
  // came here (see PathLedger).
  std::uint64_t first = 0;
  std::uint64_t compared = 0;
  std::uint64_t lost = 0;
};

enum class Delivery : std::uint8_t {
  timely,    // isochronous: sent once plus repair; delivered at once, out of order, each source at
             // most once
  reliable,  // polled: resent until acknowledged; delivered in order
};

enum class RepairScheme : std::uint8_t {
  copy,       // each source once more, verbatim
  block,      // `repair` symbols over each `data` sources, Reed-Solomon
  window,     // `repair` symbols after each `data` sources, over what was sent within `spread`
  automatic,  // what the receiver's loss reports call for; inbound: they are sent
};

// What the sender adds so that lost sources can be repaired. A receiver takes whatever comes. Of a
// reliable stream `deadline` alone counts: what is not acknowledged is sent again before it, then
// at time-outs; zero: at time-outs only.
struct RepairOptions {
  Duration copy_after{};  // copy: this much later; zero: no repair at all
  RepairScheme scheme = RepairScheme::copy;
  std::uint8_t data = 0;    // 1 to kMaxRepairSet
  std::uint8_t repair = 0;  // 1 to kMaxRepairSet
  // Block: its symbols leave evenly until this much after its last source. Window: its length.
  Duration spread{};
  // D: what comes later than this after the fastest path could have brought it has missed its use.
  Duration deadline{};
  // Inbound: ask for what is missing. Outbound: send what is asked for again. Needs a deadline.
  bool resends = false;
  // Automatic: bytes a second that the stream may take with its repair; 0: no bound.
  std::uint64_t share = 0;

  // Whether sources are kept for more than one copy.
  [[nodiscard]] bool combines() const { return scheme != RepairScheme::copy || resends; }
};

struct StreamOptions {
  StreamId stream;
  StreamEpoch epoch;
  Delivery delivery = Delivery::timely;
  qos::TrafficClass traffic_class = qos::TrafficClass::isochronous;
  RepairOptions repair;
  // Outbound: largest datagram that its data shares with anything; 0: the path's.
  std::size_t max_payload = 0;
};

class Session {
 public:
  // `inbound`: the session is its producer (opened datagrams). `outbound`: the session is its
  // consumer. Both outlive the session. inbound.block_bytes() >= max_payload.
  Session(const SessionConfig& config, const SessionKeys& keys, StreamLink& inbound,
          StreamLink& outbound);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Replaces an earlier opening of the same stream in that direction. False: no stream slot left.
  [[nodiscard]] bool open_outbound(const StreamOptions& options);
  [[nodiscard]] bool open_inbound(const StreamOptions& options);
  // D of a timely stream has moved, whichever way it goes; of no other opening than this.
  void set_deadline(StreamId stream, StreamEpoch epoch, Duration deadline);
  void close_outbound(StreamId stream);
  void close_inbound(StreamId stream);

  // Symbols over several sources are solved in memory that is made elsewhere, more than a megabyte
  // for a stream where datagrams are jumbo frames, and only once a stream has such symbols or says
  // that it may. Until it is here they are of no use. It stays with the session.
  [[nodiscard]] bool wants_repair_window();
  void give_repair_window(std::unique_ptr<fec::RepairWindow> window);

  // Key rotation (docs/decisions/0009): each end chooses when, and under which index, it receives
  // the next epoch. From now on `next` is taken too, and the epoch before it until
  // kKeyOverlap after its first datagram. Returns an epoch that is past, if there is one.
  [[nodiscard]] std::unique_ptr<ReceiveEpoch> rotate_receive(std::unique_ptr<ReceiveEpoch> next);
  // Everything is sealed with `next` from now on. Returns the epoch before.
  [[nodiscard]] std::unique_ptr<TransmitEpoch> rotate_transmit(std::unique_ptr<TransmitEpoch> next);
  [[nodiscard]] bool receives(SessionIndex index) const;
  // Packet numbers that the peer has spent under the newest key that we receive with; its epoch.
  [[nodiscard]] std::uint64_t packets_under_key() const;
  [[nodiscard]] std::uint32_t receive_epoch() const;

  // A datagram whose header named an index that the session receives. Opens it, publishes what it
  // held to `inbound`. It was taken from the port of `path` at `now`, and was not there yet at
  // `came_after`: how long it lay there is not the path's jitter.
  void receive(std::span<std::byte> datagram, const UdpEndpoint& from, Instant now,
               Instant came_after, PathId path = PathId::first);
  // Takes items from `outbound`, adds what is due (copies, resends, acks, pings, probes), seals
  // into `ports` and commits; the caller flushes. Returns the number of items and datagrams
  // handled. `max_items` bounds what is taken from `outbound`: the caller has run the stream
  // commands before those.
  std::size_t transmit(const PathPorts& ports, Instant now, std::size_t max_items);
  [[nodiscard]] Instant next_deadline() const;

  // With two paths: what may be counted on when either is gone.
  [[nodiscard]] const PathEstimate& path() const;
  [[nodiscard]] std::size_t path_count() const;
  [[nodiscard]] PathStatus path_status(PathId path) const;
  // Largest source symbol that one datagram carries on every path, given what the probes have
  // found.
  [[nodiscard]] std::size_t max_source_bytes() const;
  [[nodiscard]] std::size_t path_payload() const;  // UDP payload that the probes have confirmed
  [[nodiscard]] const SessionCounters& counters() const;
  [[nodiscard]] const SessionConfig& config() const;

 private:
  struct Implementation;  // keeps crypto and window headers out of every includer
  std::unique_ptr<Implementation> implementation_;
};

// For Session::give_repair_window() of a session with this `max_payload`. Any thread.
[[nodiscard]] std::unique_ptr<fec::RepairWindow> make_repair_window(std::size_t max_payload);

// The session index of a datagram, if it starts like one of ours: for routing before anything is
// trusted.
[[nodiscard]] std::optional<SessionIndex> peek_session_index(std::span<const std::byte> datagram);

}  // namespace usbgw::session

// Puts records into datagrams and seals them into the port's buffers. Small records are written to
// a scratch buffer, symbols stay where the USB side wrote them until the one pass that seals them
// into the packet. A datagram is begun only when the port has room, so nothing is taken that cannot
// leave.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/stream_link.h"
#include "dataplane/session/datagram_port.h"
#include "dataplane/session/paths.h"
#include "dataplane/session/session.h"
#include "dataplane/session/session_limits.h"
#include "qos/traffic_class.h"

namespace usbgw::session {

class DatagramSender {
 public:
  enum class Room : std::uint8_t { ok, port_is_full, too_large };

  DatagramSender(const SessionConfig& config, const SessionKeys& keys, StreamLink& outbound,
                 SessionCounters& counters);

  // Between turns. Returns the epoch before.
  [[nodiscard]] std::unique_ptr<TransmitEpoch> rotate(std::unique_ptr<TransmitEpoch> next);

  // What follows goes to every path that carries, and waits for none of them.
  void begin_turn(const PathPorts& ports, const Paths& paths, Instant now);
  // Seals what is open; returns the datagrams of this turn.
  std::size_t end_turn();
  // The largest datagram of this turn, probes apart.
  [[nodiscard]] std::size_t largest() const { return largest_; }
  // No path has room.
  [[nodiscard]] bool is_blocked() const;
  [[nodiscard]] bool is_blocked(PathId path) const { return lanes_[index_of(path)].is_blocked; }

  // What follows goes to this path alone, carrying or not; or to all again.
  void select(PathId path);
  void select_all();

  // Makes sure that the open datagram takes one more record of this size (header included), sealing
  // and beginning datagrams as needed. `max_payload`: of the datagram that takes it; 0: the path's.
  [[nodiscard]] Room make_room(std::size_t record_bytes, std::size_t max_payload = 0);
  // What follows shares no datagram with what is open, and so not its fate.
  void finish_datagram() {
    if (!room_.empty()) seal();
  }
  // Of the datagram that is open, or else of the next one; no two are alike.
  [[nodiscard]] std::uint64_t datagram() const { return sealed_; }
  // Only after make_room() said ok for the size. The datagram leaves in the most urgent class that
  // was added.
  template <class Write>
  void add(qos::TrafficClass traffic_class, Write&& write) {
    ByteWriter writer{std::span(scratch_).subspan(scratch_used_)};
    write(writer);
    append_scratch(writer.used());
    count_record(traffic_class);
  }
  // A record whose header `write` writes and whose remaining bytes stay where they are until the
  // seal. `release`: the item goes home then.
  template <class Write>
  void add_with_body(qos::TrafficClass traffic_class, Write&& write, const StreamItem& item,
                     bool release) {
    add(traffic_class, write);
    append_body(item, release);
  }
  // A record whose header `write` writes and whose symbol `fill` then writes, `symbol_bytes` long;
  // it stays where it was written until the seal.
  template <class Write, class Fill>
  void add_with_symbol(qos::TrafficClass traffic_class, Write&& write, std::size_t symbol_bytes,
                       Fill&& fill) {
    add(traffic_class, write);
    fill(take_symbol(symbol_bytes));
  }
  // A datagram of exactly this UDP payload size with one path probe. False: the port cannot now.
  [[nodiscard]] bool send_probe(std::size_t size, PathId path);

 private:
  struct Lane {
    UdpEndpoint remote;
    DatagramPort* port = nullptr;  // during a turn
    bool carries = false;
    bool is_selected = false;
    bool is_blocked = false;    // it gave no room in this turn
    std::span<std::byte> room;  // of the open datagram
  };
  static constexpr std::size_t kScratchBytes = 4096;

  [[nodiscard]] bool reserve();
  void reserve(Lane& lane);
  void commit(std::size_t size);
  void abandon();
  void append_scratch(std::size_t bytes);
  void append_body(const StreamItem& item, bool release);
  void append_piece(std::span<const std::byte> piece);
  [[nodiscard]] std::span<std::byte> take_symbol(std::size_t bytes);
  void count_record(qos::TrafficClass traffic_class);
  void seal();

  std::unique_ptr<TransmitEpoch> epoch_;
  StreamLink& outbound_;
  SessionCounters& counters_;

  std::array<Lane, kMaxPaths> lanes_;
  Instant now_{};
  std::size_t payload_ = 0;
  std::size_t sent_ = 0;
  std::size_t largest_ = 0;
  std::uint64_t sealed_ = 0;  // or given up, since the start

  // Of the open datagram, in the first port that has room: it is sealed there, and copied to the
  // other. Empty: none is open.
  std::span<std::byte> room_;
  std::size_t capacity_ = 0;  // record bytes that it takes
  std::size_t used_ = 0;
  std::size_t records_ = 0;
  qos::TrafficClass traffic_class_{};
  std::size_t scratch_used_ = 0;
  std::size_t piece_count_ = 0;
  std::size_t release_count_ = 0;
  bool last_piece_is_scratch_ = false;
  std::array<std::span<const std::byte>, 2 * kMaxRecords> pieces_{};
  std::array<StreamItem, kMaxRecords> releases_{};
  std::array<std::byte, kScratchBytes> scratch_{};
  std::vector<std::byte> symbols_;  // of the open datagram
  std::size_t symbols_used_ = 0;
};

}  // namespace usbgw::session

// The parts of one session and how they meet. receive() is in session_receive.cpp, transmit() in
// session_transmit.cpp.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "dataplane/session/datagram_sender.h"
#include "dataplane/session/inbound_stream.h"
#include "dataplane/session/outbound_stream.h"
#include "dataplane/session/paths.h"
#include "dataplane/session/session.h"
#include "dataplane/session/stream_table.h"

namespace usbgw::session {

struct Session::Implementation {
  Implementation(const SessionConfig& session_config, const SessionKeys& keys,
                 StreamLink& inbound_link, StreamLink& outbound_link);
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  // --- receiving ---
  void receive(std::span<const std::byte> datagram, Instant now, Instant came_after, PathId path);
  [[nodiscard]] ReceiveEpoch* epoch_of(SessionIndex index, Instant now);
  void count_opened(ReceiveEpoch& epoch, std::uint64_t packet, Instant now);
  void refuse_replay(const ReceiveEpoch& epoch, std::uint64_t packet, PathId path);
  // One opened datagram's records; what they need to become items.
  struct Opened {
    std::optional<BlockIndex> block;  // nothing: opened into the scratch, symbols cannot be kept
    std::span<const std::byte> bytes;
    std::uint64_t order = 0;  // of sending: epoch, then packet number
    std::size_t datagram_bytes = 0;
    Instant now{};
    Instant came_after{};
    PathId path = PathId::first;
  };
  void receive_records(const Opened& opened);
  [[nodiscard]] bool receive_record(const wire::Record& record, const Opened& opened);
  [[nodiscard]] bool receive_path_record(const wire::Record& record, const Opened& opened);
  void receive_source(const wire::StreamKey& key, std::uint32_t number,
                      std::span<const std::byte> symbol, Provenance provenance,
                      const Opened& opened);
  [[nodiscard]] bool receive_repair(const wire::RepairRecord& repair, const Opened& opened);
  [[nodiscard]] bool receive_ack(const wire::AckRecord& ack, Instant now);
  void receive_loss_report(const wire::LossReportRecord& report, const Opened& opened);
  void receive_request(const wire::RequestRecord& request, Instant now);
  void receive_clock_report(const wire::ClockReportRecord& report, const Opened& opened);

  // --- transmitting ---
  std::size_t transmit(const PathPorts& ports, Instant now, std::size_t max_items);
  std::size_t take_items(std::size_t max_items, Instant now);
  [[nodiscard]] bool send_item(const StreamItem& item, Instant now);
  struct SourceFlags {
    bool is_resent = false;
    bool is_copy = false;
  };
  void add_source(const OutboundStream& stream, const StreamItem& item, SourceFlags flags,
                  qos::TrafficClass traffic_class, bool release);
  void send_timely(OutboundStream& stream, const StreamItem& item, Instant now);
  std::size_t send_copies(OutboundStream& stream, Instant now);
  std::size_t send_repairs(OutboundStream& stream, Instant now);
  std::size_t send_resends(OutboundStream& stream);
  void send_requests(Instant now);
  void send_loss_reports(Instant now);
  [[nodiscard]] DatagramSender::Room send_copy(const OutboundStream& stream, const StreamItem& item,
                                               bool release);
  [[nodiscard]] DatagramSender::Room send_combined(const OutboundStream& stream, unsigned row,
                                                   std::span<const fec::Source> set);
  std::size_t send_reliable(OutboundStream& stream, Instant now);
  void send_acks();
  void send_path_records(PathId id, Instant now);
  void send_pings(PathId id, Instant now);
  void send_probe(PathId id, Instant now);
  [[nodiscard]] bool has_room(std::size_t record_bytes);
  [[nodiscard]] Instant next_deadline() const;

  SessionConfig config;
  StreamLink& inbound;
  StreamLink& outbound;
  SessionCounters counters;
  std::unique_ptr<ReceiveEpoch> current;   // the newest key that we have told the peer of
  std::unique_ptr<ReceiveEpoch> previous;  // the one before it
  Instant previous_until = kNever;
  InboundBlocks blocks;
  std::vector<std::byte> scratch;  // for a datagram that found no block
  KeptItems kept;
  StreamTable<OutboundStream> outbound_streams;
  StreamTable<InboundStream> inbound_streams;
  std::unique_ptr<fec::RepairWindow> spare_window;
  Paths paths;
  DatagramSender sender;
  std::optional<StreamItem> waiting_item;  // taken from the ring when the port filled up
  Instant blocked_until{};
};

}  // namespace usbgw::session

#include <algorithm>
#include <array>

#include "dataplane/session/session_implementation.h"
#include "fec/kernel.h"
#include "fec/repair_encoder.h"

namespace usbgw::session {
namespace {

using qos::TrafficClass;

// How soon to try again when the port had no room.
constexpr Duration kBlockedPause = std::chrono::microseconds(100);
// The same for what concerns one of two paths: a port that has lost its neighbour has none for
// long.
constexpr Duration kBlockedPathPause = std::chrono::milliseconds(2);
constexpr std::size_t kSmallRecord = 64;  // no ping, pong or answer is larger

}  // namespace

// A table of contents: what is live first, what keeps the session going last.
std::size_t Session::Implementation::transmit(const PathPorts& ports, Instant now,
                                              std::size_t max_items) {
  for (Path& path : paths.all())
    if (path.probe.update(now, path.monitor.answers(), path.monitor.retransmit_timeout()))
      counters.add(SessionCounter::mtu_lowered);
  paths.update(now);
  for (auto& stream : inbound_streams.in_use())
    if (stream.is_open() && stream.has_undelivered()) stream.deliver();
  for (auto& stream : outbound_streams.in_use())
    if (stream.is_open() && stream.combines()) stream.schedule.expire(now);

  sender.begin_turn(ports, paths, now);
  std::size_t work = take_items(std::min(max_items, kItemsPerTurn), now);
  for (auto& stream : outbound_streams.in_use()) {
    if (!stream.is_open()) continue;
    work += stream.is_reliable() ? send_reliable(stream, now)
            : stream.combines()  ? send_repairs(stream, now)
                                 : send_copies(stream, now);
  }
  send_acks();
  send_requests(now);
  send_loss_reports(now);
  for (std::size_t i = 0; i < paths.count(); ++i) send_path_records(static_cast<PathId>(i), now);
  work += sender.end_turn();
  for (Path& path : paths.all()) path.probe.used(sender.largest());
  blocked_until = sender.is_blocked() ? now + kBlockedPause : Instant{};
  return work;
}

bool Session::Implementation::has_room(std::size_t record_bytes) {
  return sender.make_room(record_bytes) == DatagramSender::Room::ok;
}

std::size_t Session::Implementation::take_items(std::size_t max_items, Instant now) {
  std::size_t taken = 0;
  while (taken < max_items) {
    StreamItem item;
    if (waiting_item)
      item = *waiting_item;
    else if (!outbound.pop(item))
      break;
    waiting_item.reset();
    if (!send_item(item, now)) {
      waiting_item = item;
      break;
    }
    ++taken;
  }
  return taken;
}

// False: not now, the item must wait. Otherwise the item has been sent, kept or dropped.
bool Session::Implementation::send_item(const StreamItem& item, Instant now) {
  if (item.kind == ItemKind::clock_report) {
    const std::size_t bytes = wire::kRecordHeader + 4 + wire::kClockReportBytes;
    if (item.length != wire::kClockReportBytes) {
      counters.add(SessionCounter::drop_too_large);
      outbound.release(item);
      return true;
    }
    if (!has_room(bytes)) return false;
    const auto write = [&](ByteWriter& writer) {
      wire::encode_clock_report_header({item.stream, item.epoch}, writer);
    };
    sender.add_with_body(TrafficClass::isochronous, write, item, true);
    return true;
  }
  OutboundStream* stream = outbound_streams.find(item.stream);
  const bool is_open = stream != nullptr && stream->options().epoch == item.epoch;
  // A reliable source is not dropped: like those sent before the path was lowered, it waits until
  // the path is raised again.
  const bool fits =
      is_open && (stream->is_reliable() || item.length <= source_bytes_in(paths.payload()));
  if (!fits) {
    counters.add(is_open ? SessionCounter::drop_too_large : SessionCounter::drop_unknown_stream);
    outbound.release(item);
    return true;
  }
  StreamItem numbered = item;
  if (stream->is_reliable()) {
    // One block is one source, so that there are as many places as items; a producer that shares
    // blocks between sources waits here.
    if (kept.is_full()) return false;
    numbered.source = stream->take_number();
    stream->enqueue(numbered, now);
    return true;
  }
  switch (sender.make_room(kSourceOverhead + item.length, stream->options().max_payload)) {
    case DatagramSender::Room::port_is_full:
      return false;
    case DatagramSender::Room::too_large:  // the port has less room than it promised
      counters.add(SessionCounter::drop_too_large);
      outbound.release(item);
      return true;
    case DatagramSender::Room::ok:
      break;
  }
  numbered.source = stream->take_number();
  send_timely(*stream, numbered, now);
  return true;
}

// Only when the sender has room for it.
void Session::Implementation::add_source(const OutboundStream& stream, const StreamItem& item,
                                         SourceFlags flags, TrafficClass traffic_class,
                                         bool release) {
  const wire::SourceRecord source{stream.key(),
                                  flags.is_resent,
                                  flags.is_copy,
                                  static_cast<std::uint32_t>(item.source.value()),
                                  {}};
  const auto write = [&](ByteWriter& writer) {
    wire::encode_source_header(source, item.length, writer);
  };
  sender.add_with_body(traffic_class, write, item, release);
}

void Session::Implementation::send_timely(OutboundStream& stream, const StreamItem& item,
                                          Instant now) {
  const bool wants_copy = stream.options().repair.copy_after > Duration{};
  const bool is_kept = stream.combines() || (wants_copy && stream.keep_for_copy(item, now));
  add_source(stream, item, {}, stream.options().traffic_class, !is_kept);
  counters.add(SessionCounter::sources_sent);
  if (!stream.combines()) return;
  stream.is_in(sender.datagram(), item.source.value(), item.source.value() + 1);
  stream.source_sent(item, now);
}

std::size_t Session::Implementation::send_copies(OutboundStream& stream, Instant now) {
  std::size_t sent = 0;
  while (sent < kItemsPerTurn) {
    const auto index = stream.due_copy(now);
    if (index == KeptItems::kNone) break;
    const auto room = send_copy(stream, kept[index].item, true);
    if (room == DatagramSender::Room::port_is_full) break;
    const StreamItem item = stream.take_copy();
    if (room == DatagramSender::Room::too_large)  // the path was lowered meanwhile
      outbound.release(item);
    else
      ++sent;
  }
  return sent;
}

DatagramSender::Room Session::Implementation::send_copy(const OutboundStream& stream,
                                                        const StreamItem& item, bool release) {
  const auto room = sender.make_room(kSourceOverhead + item.length, stream.options().max_payload);
  if (room != DatagramSender::Room::ok) return room;
  add_source(stream, item, {.is_copy = true}, TrafficClass::repair, release);
  counters.add(SessionCounter::repairs_sent);
  return room;
}

// What is sent twice is sent in two datagrams.
std::size_t Session::Implementation::send_resends(OutboundStream& stream) {
  std::size_t sent = 0;
  bool is_second = false;
  while (const auto resend = stream.schedule.due_resend()) {
    if (resend->item == nullptr) {
      stream.schedule.resent();
      continue;
    }
    const StreamItem& item = *resend->item;
    if (resend->is_second && !is_second) sender.finish_datagram();
    is_second = resend->is_second;
    const auto room = sender.make_room(kSourceOverhead + item.length, stream.options().max_payload);
    if (room == DatagramSender::Room::port_is_full) break;
    if (room == DatagramSender::Room::ok) {
      add_source(stream, item, {.is_resent = true}, TrafficClass::repair, false);
      counters.add(SessionCounter::resends);
      ++sent;
    }
    stream.schedule.resent();
  }
  return sent;
}

std::size_t Session::Implementation::send_repairs(OutboundStream& stream, Instant now) {
  std::size_t sent = send_resends(stream);
  std::array<fec::Source, wire::kMaxRepairSet> sources;
  while (sent < kItemsPerTurn) {
    const RepairSchedule::Symbol* symbol = stream.schedule.due(now);
    if (symbol == nullptr) break;
    const auto set = std::span(sources).first(stream.schedule.gather(*symbol, sources));
    const std::int64_t end = symbol->first + symbol->count;
    if (stream.shares_fate(sender.datagram(), symbol->first, end)) sender.finish_datagram();
    auto room = DatagramSender::Room::too_large;
    if (set.size() == 1)
      room = send_copy(stream, *stream.schedule.find(set[0].number.value()), false);
    else if (!set.empty())
      room = send_combined(stream, symbol->row, set);
    if (room == DatagramSender::Room::port_is_full) break;
    if (room == DatagramSender::Room::ok) stream.is_in(sender.datagram(), symbol->first, end);
    stream.schedule.taken();
    ++sent;
  }
  return sent;
}

DatagramSender::Room Session::Implementation::send_combined(const OutboundStream& stream,
                                                            unsigned row,
                                                            std::span<const fec::Source> set) {
  const std::size_t symbol_bytes = fec::repair_bytes(set);
  const std::size_t record_bytes =
      wire::kRecordHeader + wire::kRepairFixed + set.size() - 1 + symbol_bytes;
  const auto room = sender.make_room(record_bytes, stream.options().max_payload);
  if (room != DatagramSender::Room::ok) return room;
  wire::RepairRecord repair;
  repair.key = stream.key();
  repair.row = static_cast<std::uint8_t>(row);
  repair.count = static_cast<std::uint8_t>(set.size());
  for (std::size_t i = 0; i < set.size(); ++i)
    repair.numbers[i] = static_cast<std::uint32_t>(set[i].number.value());
  sender.add_with_symbol(
      TrafficClass::repair,
      [&](ByteWriter& writer) { wire::encode_repair_header(repair, symbol_bytes, writer); },
      symbol_bytes,
      [&](std::span<std::byte> to) { fec::encode_repair(fec::kernels().front(), row, set, to); });
  counters.add(SessionCounter::repairs_sent);
  return room;
}

std::size_t Session::Implementation::send_reliable(OutboundStream& stream, Instant now) {
  const OutboundStream::AnswerTimes answer{
      paths.estimate().valid ? paths.round_trip().bound : Duration{}, paths.retransmit_timeout()};
  std::size_t sent = 0;
  std::int64_t cursor = 0;
  for (auto index = stream.due_source(cursor, now); index != KeptItems::kNone;
       index = stream.due_source(cursor, now)) {
    const KeptItems::Node& node = kept[index];
    const auto room = sender.make_room(kSourceOverhead + node.item.length);
    if (room == DatagramSender::Room::port_is_full) break;
    const bool is_resent = !node.is_first() && !node.is_copy_next;
    if (room == DatagramSender::Room::ok) {
      add_source(stream, node.item, {is_resent, node.is_copy_next}, stream.options().traffic_class,
                 false);
      counters.add(node.is_first()     ? SessionCounter::sources_sent
                   : node.is_copy_next ? SessionCounter::repairs_sent
                                       : SessionCounter::resends);
      ++sent;
    }
    // Too large since the path was lowered: it waits for the path to be raised again.
    stream.source_sent(index, now, answer);
  }
  return sent;
}

void Session::Implementation::send_acks() {
  for (auto& stream : inbound_streams.in_use()) {
    if (!stream.is_open() || !stream.owes_ack()) continue;
    const wire::AckRecord ack = stream.ack();
    if (!has_room(wire::kRecordHeader + wire::kAckFixed + std::size_t{4} * ack.range_count)) return;
    sender.add(stream.options().traffic_class,
               [&](ByteWriter& writer) { wire::encode(ack, writer); });
    stream.ack_sent();
  }
}

// The last request is sent twice, in two datagrams, like what it asks for.
void Session::Implementation::send_requests(Instant now) {
  if (!paths.estimate().valid) return;
  const RoundTrip round_trip = paths.round_trip();
  for (auto& stream : inbound_streams.in_use()) {
    if (!stream.is_open() || !stream.asks()) continue;
    while (has_room(kSmallRecord)) {
      const auto request = stream.gaps.take_request(now, round_trip);
      if (!request) break;
      const wire::RequestRecord record{stream.key(), request->is_last, request->first,
                                       request->missing};
      const auto write = [&](ByteWriter& writer) { wire::encode(record, writer); };
      sender.add(TrafficClass::repair, write);
      counters.add(SessionCounter::requests_sent);
      if (!request->is_last) continue;
      sender.finish_datagram();
      if (!has_room(kSmallRecord)) break;
      sender.add(TrafficClass::repair, write);
      counters.add(SessionCounter::requests_sent);
    }
  }
}

void Session::Implementation::send_loss_reports(Instant now) {
  for (auto& stream : inbound_streams.in_use()) {
    if (!stream.is_open() || stream.next_report() > now || !has_room(kSmallRecord)) continue;
    const wire::LossReportRecord report = stream.take_report(now);
    sender.add(TrafficClass::repair, [&](ByteWriter& writer) { wire::encode(report, writer); });
  }
}

// With two paths in datagrams of their own, which go to this one.
void Session::Implementation::send_path_records(PathId id, Instant now) {
  if (paths.are_two()) sender.select(id);
  send_pings(id, now);
  send_probe(id, now);
  if (!paths.are_two()) return;
  paths[id].blocked_until = sender.is_blocked(id) ? now + kBlockedPathPause : Instant{};
  sender.select_all();
}

void Session::Implementation::send_pings(PathId id, Instant now) {
  PathMonitor& monitor = paths[id].monitor;
  while (monitor.has_pong() && has_room(kSmallRecord)) {
    wire::PongRecord pong = monitor.take_pong(now);
    pong.path = id;
    sender.add(TrafficClass::management, [&](ByteWriter& writer) { wire::encode(pong, writer); });
  }
  if (monitor.has_ping(now) && has_room(kSmallRecord)) {
    wire::PingRecord ping = monitor.take_ping(now);
    ping.path = id;
    sender.add(TrafficClass::management, [&](ByteWriter& writer) { wire::encode(ping, writer); });
  }
}

void Session::Implementation::send_probe(PathId id, Instant now) {
  Path& path = paths[id];
  if (path.probe_to_answer && has_room(kSmallRecord)) {
    const wire::ProbeRecord answer{*path.probe_to_answer, id};
    sender.add(TrafficClass::management,
               [&](ByteWriter& writer) { wire::encode_probe_answer(answer, writer); });
    path.probe_to_answer.reset();
  }
  if (const auto size = path.probe.due(now); size && sender.send_probe(*size, id))
    path.probe.sent(now);
}

Instant Session::Implementation::next_deadline() const {
  Instant deadline = paths.next_deadline();
  if (waiting_item || outbound.pending() > 0) deadline = Instant{};
  for (const auto& stream : outbound_streams.in_use())
    if (stream.is_open()) deadline = std::min(deadline, stream.next_deadline());
  const bool is_path_known = paths.estimate().valid;
  for (const auto& stream : inbound_streams.in_use()) {
    if (!stream.is_open()) continue;
    if (stream.owes_ack() || stream.has_undelivered()) deadline = Instant{};
    deadline = std::min(deadline, stream.next_report());
    if (is_path_known && stream.asks()) deadline = std::min(deadline, stream.gaps.next_deadline());
  }
  return std::max(deadline, blocked_until);
}

}  // namespace usbgw::session

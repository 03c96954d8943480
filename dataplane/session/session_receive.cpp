#include <algorithm>

#include "common/byte_order.h"
#include "dataplane/session/session_implementation.h"

namespace usbgw::session {
namespace {

Provenance provenance_of(const wire::SourceRecord& source) {
  if (source.is_copy) return Provenance::repaired;
  return source.is_resent ? Provenance::retransmitted : Provenance::direct;
}

// Of sending, over all keys.
std::uint64_t order_of(const ReceiveEpoch& epoch, std::uint64_t packet) {
  return epoch.epoch * kMaxPacketsPerKey + packet;
}

bool is_of_one_path(wire::RecordType type) {
  switch (type) {
    case wire::RecordType::ping:
    case wire::RecordType::pong:
    case wire::RecordType::path_probe:
    case wire::RecordType::probe_answer:
      return true;
    default:
      return false;
  }
}

// What concerns one path shares no datagram with the rest when there are two.
bool is_of_one_path(std::span<const std::byte> records) {
  wire::RecordReader reader(records);
  const auto first = reader.next();
  return first && is_of_one_path(first->type);
}

}  // namespace

// Replay is looked up before and marked after the tag: what is not authentic changes a counter
// only.
void Session::Implementation::receive(std::span<const std::byte> datagram, Instant now,
                                      Instant came_after, PathId path) {
  const auto header = wire::DatagramHeader::decode(datagram);
  ReceiveEpoch* const epoch = header ? epoch_of(SessionIndex{header->session}, now) : nullptr;
  if (epoch == nullptr || datagram.size() - wire::kDatagramOverhead > scratch.size()) {
    counters.add(SessionCounter::drop_authentication);
    return;
  }
  const auto number = static_cast<std::int64_t>(header->packet);
  if (header->packet >= kMaxPacketsPerKey || !epoch->replay.is_new(number)) {
    refuse_replay(*epoch, header->packet, path);
    return;
  }
  const auto claim = blocks.claim();
  const std::span<std::byte> to = claim ? claim->bytes : std::span(scratch);
  const auto sealed = datagram.subspan(wire::kDatagramHeader);
  if (epoch->opener.open(header->packet, datagram.first(wire::kDatagramHeader), sealed, to)) {
    epoch->replay.mark(number);
    count_opened(*epoch, header->packet, now);
    counters.add(SessionCounter::bytes_received, datagram.size());
    Opened opened;
    if (claim) opened.block = claim->block;
    opened.bytes = to.first(sealed.size() - wire::kDatagramTag);
    opened.order = order_of(*epoch, header->packet);
    opened.datagram_bytes = datagram.size();
    opened.now = now;
    opened.came_after = came_after;
    opened.path = path;
    if (paths.are_two() && !is_of_one_path(opened.bytes))
      paths.ledger.first(static_cast<std::int64_t>(opened.order), path);
    receive_records(opened);
  } else {
    counters.add(SessionCounter::drop_authentication);
  }
  if (claim) blocks.let_go(claim->block);
}

ReceiveEpoch* Session::Implementation::epoch_of(SessionIndex index, Instant now) {
  if (current->index == index) return current.get();
  if (previous != nullptr && previous->index == index && now < previous_until)
    return previous.get();
  return nullptr;
}

void Session::Implementation::count_opened(ReceiveEpoch& epoch, std::uint64_t packet, Instant now) {
  counters.add(SessionCounter::datagrams_received);
  if (epoch.packets == 0 && &epoch == current.get()) previous_until = now + kKeyOverlap;
  epoch.packets = std::max(epoch.packets, packet + 1);
}

// The other path's of a datagram that has come is no replay. It is not opened: what it says is
// known.
void Session::Implementation::refuse_replay(const ReceiveEpoch& epoch, std::uint64_t packet,
                                            PathId path) {
  const bool is_second =
      paths.are_two() && packet < kMaxPacketsPerKey &&
      paths.ledger.again(static_cast<std::int64_t>(order_of(epoch, packet)), path);
  counters.add(is_second ? SessionCounter::path_duplicates : SessionCounter::drop_replay);
}

void Session::Implementation::receive_records(const Opened& opened) {
  wire::RecordReader reader(opened.bytes);
  while (!reader.at_end()) {
    const auto record = reader.next();
    if (!record || !receive_record(*record, opened)) {
      counters.add(SessionCounter::drop_malformed);
      return;  // its sender is wrong or hostile: nothing after it is believed
    }
  }
}

// False when the record does not decode.
bool Session::Implementation::receive_record(const wire::Record& record, const Opened& opened) {
  // Runs `then` on the decoded record; a handler that gives bool may refuse it too.
  const auto with = [&]<class T>(const wire::WireResult<T>& decoded, auto&& then) {
    if (!decoded) return false;
    if constexpr (std::is_same_v<decltype(then(*decoded)), bool>) {
      return then(*decoded);
    } else {
      then(*decoded);
      return true;
    }
  };
  switch (record.type) {
    case wire::RecordType::source:
      return with(wire::SourceRecord::decode(record), [&](const wire::SourceRecord& source) {
        receive_source(source.key, source.number, source.symbol, provenance_of(source), opened);
      });
    case wire::RecordType::repair:
      return with(wire::RepairRecord::decode(record),
                  [&](const wire::RepairRecord& repair) { return receive_repair(repair, opened); });
    case wire::RecordType::ack:
      return with(wire::AckRecord::decode(record),
                  [&](const wire::AckRecord& ack) { return receive_ack(ack, opened.now); });
    case wire::RecordType::clock_report:
      return with(
          wire::ClockReportRecord::decode(record),
          [&](const wire::ClockReportRecord& report) { receive_clock_report(report, opened); });
    case wire::RecordType::loss_report:
      return with(
          wire::LossReportRecord::decode(record),
          [&](const wire::LossReportRecord& report) { receive_loss_report(report, opened); });
    case wire::RecordType::request:
      return with(wire::RequestRecord::decode(record), [&](const wire::RequestRecord& request) {
        receive_request(request, opened.now);
      });
    case wire::RecordType::ping:
    case wire::RecordType::pong:
    case wire::RecordType::path_probe:
    case wire::RecordType::probe_answer:
      return receive_path_record(record, opened);
  }
  return false;
}

// What was sent on one path says nothing of the other, whoever brings it there.
bool Session::Implementation::receive_path_record(const wire::Record& record,
                                                  const Opened& opened) {
  Path& path = paths[opened.path];
  const auto with = [&](const auto& decoded, auto&& then) {
    if (!decoded) return false;
    if (decoded->path == opened.path)
      then(*decoded);
    else
      counters.add(SessionCounter::drop_wrong_path);
    return true;
  };
  switch (record.type) {
    case wire::RecordType::ping:
      return with(wire::PingRecord::decode(record), [&](const wire::PingRecord& ping) {
        path.monitor.receive(ping, opened.now, opened.came_after);
      });
    case wire::RecordType::pong:
      return with(wire::PongRecord::decode(record), [&](const wire::PongRecord& pong) {
        path.monitor.receive(pong, opened.now, opened.came_after);
      });
    case wire::RecordType::path_probe: {
      const auto probe = wire::ProbeRecord::decode(record);
      if (probe && probe->size != opened.datagram_bytes) return false;
      return with(probe,
                  [&](const wire::ProbeRecord& found) { path.probe_to_answer = found.size; });
    }
    default:
      return with(wire::ProbeRecord::decode(record), [&](const wire::ProbeRecord& answer) {
        path.probe.answered(answer.size, opened.now);
      });
  }
}

void Session::Implementation::receive_source(const wire::StreamKey& key, std::uint32_t number,
                                             std::span<const std::byte> symbol,
                                             Provenance provenance, const Opened& opened) {
  InboundStream* stream = inbound_streams.find(key.stream);
  if (stream == nullptr || stream->options().epoch != key.epoch) {
    counters.add(SessionCounter::drop_unknown_stream);
    return;
  }
  if (!opened.block) {
    counters.add(SessionCounter::drop_no_block);
    return;
  }
  StreamItem item;
  item.provenance = provenance;
  item.epoch = key.epoch;
  item.stream = key.stream;
  item.time = opened.now;
  item.block = *opened.block;
  item.offset = static_cast<std::uint32_t>(symbol.data() - opened.bytes.data());
  item.length = static_cast<std::uint32_t>(symbol.size());
  switch (stream->receive(item, number, paths.lag(opened.path))) {
    case Acceptance::delivered:
      return;
    case Acceptance::duplicate:
      if (provenance == Provenance::repaired) counters.add(SessionCounter::repairs_useless);
      return;
    case Acceptance::refused_ring_full:
      counters.add(SessionCounter::drop_ring_full);
      return;
    case Acceptance::refused_no_block:
      counters.add(SessionCounter::drop_no_block);
      return;
  }
}

// A repair symbol of one source in row 0 is that source, length first, and is taken as it lies.
bool Session::Implementation::receive_repair(const wire::RepairRecord& repair,
                                             const Opened& opened) {
  if (repair.count > 1 || repair.row != 0) {
    InboundStream* stream = inbound_streams.find(repair.key.stream);
    if (stream != nullptr && stream->options().epoch == repair.key.epoch)
      return stream->receive_repair(repair, opened.now);
    counters.add(SessionCounter::drop_unknown_stream);
    return true;
  }
  if (repair.symbol.size() < 2) return false;
  const std::size_t length = load_be<std::uint16_t>(repair.symbol.data());
  if (length > repair.symbol.size() - 2) return false;
  receive_source(repair.key, repair.numbers[0], repair.symbol.subspan(2, length),
                 Provenance::repaired, opened);
  return true;
}

bool Session::Implementation::receive_ack(const wire::AckRecord& ack, Instant now) {
  OutboundStream* stream = outbound_streams.find(ack.key.stream);
  if (stream == nullptr || stream->options().epoch != ack.key.epoch) {
    counters.add(SessionCounter::drop_unknown_stream);
    return true;
  }
  return stream->is_reliable() && stream->acknowledge(ack, now);
}

void Session::Implementation::receive_loss_report(const wire::LossReportRecord& report,
                                                  const Opened& opened) {
  OutboundStream* stream = outbound_streams.find(report.key.stream);
  if (stream == nullptr || stream->key() != report.key) {
    counters.add(SessionCounter::drop_unknown_stream);
    return;
  }
  // Before the path is measured its round trip says nothing, and the stream stays protected.
  if (stream->loss_reports.advance(opened.order) && paths.estimate().valid)
    stream->report(report, opened.now, paths.round_trip());
}

void Session::Implementation::receive_request(const wire::RequestRecord& request, Instant now) {
  OutboundStream* stream = outbound_streams.find(request.key.stream);
  if (stream == nullptr || stream->options().epoch != request.key.epoch) {
    counters.add(SessionCounter::drop_unknown_stream);
    return;
  }
  counters.add(SessionCounter::requests_received);
  if (stream->is_reliable() || !stream->options().repair.resends) return;
  const Duration round_trip = paths.round_trip().least;
  const std::int64_t first = stream->unwrap(request.first);
  for (unsigned i = 0; i < 64; ++i)
    if ((request.missing >> i & 1) != 0)
      stream->schedule.request(first + i, request.is_last, now, round_trip);
}

// Reports on a stream travel both ways: the stream may be open in either direction.
void Session::Implementation::receive_clock_report(const wire::ClockReportRecord& report,
                                                   const Opened& opened) {
  NewestPacket* newest = nullptr;
  if (auto* out = outbound_streams.find(report.key.stream); out && out->key() == report.key)
    newest = &out->clock_reports;
  else if (auto* in = inbound_streams.find(report.key.stream); in && in->key() == report.key)
    newest = &in->clock_reports;
  if (newest == nullptr) {
    counters.add(SessionCounter::drop_unknown_stream);
    return;
  }
  if (!newest->advance(opened.order)) return;
  if (!opened.block) {
    counters.add(SessionCounter::drop_no_block);
    return;
  }
  StreamItem item;
  item.kind = ItemKind::clock_report;
  item.epoch = report.key.epoch;
  item.stream = report.key.stream;
  item.time = opened.now;
  item.block = *opened.block;
  item.offset = static_cast<std::uint32_t>(report.report.data() - opened.bytes.data());
  item.length = static_cast<std::uint32_t>(report.report.size());
  if (!inbound.publish(item)) counters.add(SessionCounter::drop_ring_full);
}

}  // namespace usbgw::session

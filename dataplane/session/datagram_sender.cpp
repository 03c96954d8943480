#include "dataplane/session/datagram_sender.h"

#include <algorithm>

#include "common/assertion.h"

namespace usbgw::session {
namespace {

// Zeros that pad path probes.
constexpr std::array<std::byte, 1024> kZeros{};

// The largest record that is written to the scratch.
constexpr std::size_t kLargestAck = wire::kRecordHeader + wire::kAckFixed + 4 * wire::kMaxAckRanges;

std::size_t record_bytes_in(std::size_t payload) {
  return payload - std::min(payload, wire::kDatagramOverhead);
}

}  // namespace

DatagramSender::DatagramSender(const SessionConfig& config, const SessionKeys& keys,
                               StreamLink& outbound, SessionCounters& counters)
    : epoch_(std::make_unique<TransmitEpoch>(config.remote_index, keys.transmit, keys.transmit_iv)),
      outbound_(outbound),
      counters_(counters),
      symbols_(std::max(config.initial_payload, config.max_payload)) {
  lanes_[0].remote = config.remote;
  if (config.second_remote) lanes_[1].remote = *config.second_remote;
}

std::unique_ptr<TransmitEpoch> DatagramSender::rotate(std::unique_ptr<TransmitEpoch> next) {
  USBGW_ASSERT(room_.empty());
  std::swap(epoch_, next);
  return next;
}

void DatagramSender::begin_turn(const PathPorts& ports, const Paths& paths, Instant now) {
  for (std::size_t i = 0; i < paths.count(); ++i) {
    lanes_[i].port = ports.ports[i];
    lanes_[i].carries = paths.carries(static_cast<PathId>(i));
    lanes_[i].is_blocked = lanes_[i].port == nullptr;
  }
  now_ = now;
  payload_ = paths.payload();
  sent_ = largest_ = 0;
  select_all();
}

bool DatagramSender::is_blocked() const {
  return std::none_of(lanes_.begin(), lanes_.end(),
                      [](const Lane& lane) { return lane.carries && !lane.is_blocked; });
}

void DatagramSender::select(PathId path) {
  finish_datagram();
  for (Lane& lane : lanes_) lane.is_selected = &lane == &lanes_[index_of(path)];
}

void DatagramSender::select_all() {
  finish_datagram();
  for (Lane& lane : lanes_) lane.is_selected = lane.carries;
}

std::size_t DatagramSender::end_turn() {
  if (!room_.empty()) seal();
  return sent_;
}

DatagramSender::Room DatagramSender::make_room(std::size_t record_bytes, std::size_t max_payload) {
  const bool scratch_is_full = scratch_used_ + kLargestAck > kScratchBytes;
  const std::size_t most = max_payload == 0 ? SIZE_MAX : record_bytes_in(max_payload);
  if (!room_.empty() && (used_ + record_bytes > std::min(capacity_, most) ||
                         records_ == kMaxRecords || scratch_is_full))
    seal();
  if (room_.empty() && !reserve()) return Room::port_is_full;
  capacity_ = std::min(capacity_, most);  // of what follows, too
  return record_bytes <= capacity_ ? Room::ok : Room::too_large;
}

bool DatagramSender::reserve() {
  if (epoch_->next_packet == kMaxPacketsPerKey) {  // the peer has not given us the next key
    const bool was_blocked = is_blocked();
    for (Lane& lane : lanes_) lane.is_blocked = true;
    if (!was_blocked) counters_.add(SessionCounter::transmit_key_spent);
    return false;
  }
  capacity_ = payload_;
  for (Lane& lane : lanes_)
    if (lane.is_selected && !lane.is_blocked) reserve(lane);
  if (room_.empty()) return false;
  capacity_ -= wire::kDatagramOverhead;
  return true;
}

void DatagramSender::reserve(Lane& lane) {
  lane.room = lane.port->reserve(lane.remote, now_);
  if (lane.room.size() <= wire::kDatagramOverhead) {
    if (!lane.room.empty()) lane.port->abandon();
    lane.room = {};
    lane.is_blocked = true;
    counters_.add(SessionCounter::transmit_blocked);
    return;
  }
  if (room_.empty()) room_ = lane.room;
  capacity_ = std::min(capacity_, lane.room.size());
}

// The very same bytes to each path: their number and so their nonce belong to this content alone,
// and whichever arrives second is known by it.
void DatagramSender::commit(std::size_t size) {
  for (Lane& lane : lanes_) {
    if (lane.room.empty() || lane.room.data() == room_.data()) continue;
    std::copy_n(room_.begin(), size, lane.room.begin());
    counters_.add(SessionCounter::path_copies_sent);
  }
  for (Lane& lane : lanes_) {
    if (lane.room.empty()) continue;
    lane.port->commit(size, traffic_class_);
    lane.room = {};
  }
}

void DatagramSender::abandon() {
  for (Lane& lane : lanes_) {
    if (!lane.room.empty()) lane.port->abandon();
    lane.room = {};
  }
  room_ = {};
}

void DatagramSender::append_scratch(std::size_t bytes) {
  const auto written = std::span(scratch_).subspan(scratch_used_, bytes);
  scratch_used_ += bytes;
  used_ += bytes;
  if (last_piece_is_scratch_) {  // neighbours in the scratch are one piece
    auto& last = pieces_[piece_count_ - 1];
    last = {last.data(), last.size() + bytes};
  } else {
    append_piece(written);
    last_piece_is_scratch_ = true;
  }
}

void DatagramSender::append_body(const StreamItem& item, bool release) {
  append_piece(outbound_.bytes(item));
  last_piece_is_scratch_ = false;
  used_ += item.length;
  if (release) releases_[release_count_++] = item;
}

void DatagramSender::append_piece(std::span<const std::byte> piece) {
  USBGW_ASSERT(piece_count_ < pieces_.size());
  pieces_[piece_count_++] = piece;
}

// All records of a datagram together are smaller than what there is for their symbols.
std::span<std::byte> DatagramSender::take_symbol(std::size_t bytes) {
  USBGW_ASSERT(symbols_used_ + bytes <= symbols_.size());
  const auto symbol = std::span(symbols_).subspan(symbols_used_, bytes);
  symbols_used_ += bytes;
  append_piece(symbol);
  last_piece_is_scratch_ = false;
  used_ += bytes;
  return symbol;
}

void DatagramSender::count_record(qos::TrafficClass traffic_class) {
  traffic_class_ = records_ == 0 ? traffic_class : std::min(traffic_class_, traffic_class);
  ++records_;
}

void DatagramSender::seal() {
  if (records_ == 0) {
    abandon();
  } else {
    const std::size_t size = wire::kDatagramOverhead + used_;
    const auto header = room_.first<wire::kDatagramHeader>();
    // The number is spent even if the port drops the datagram: a nonce is never used twice.
    const std::uint64_t packet = epoch_->next_packet++;
    wire::encode(wire::DatagramHeader{epoch_->index.value(), packet}, header);
    epoch_->sealer.seal(packet, header, std::span(pieces_).first(piece_count_),
                        room_.subspan(wire::kDatagramHeader, used_ + wire::kDatagramTag));
    commit(size);
    counters_.add(SessionCounter::datagrams_sent);
    counters_.add(SessionCounter::bytes_sent, size);
    ++sent_;
    largest_ = std::max(largest_, size);
  }
  for (std::size_t i = 0; i < release_count_; ++i) outbound_.release(releases_[i]);
  ++sealed_;
  room_ = {};
  used_ = records_ = scratch_used_ = piece_count_ = release_count_ = symbols_used_ = 0;
  last_piece_is_scratch_ = false;
}

bool DatagramSender::send_probe(std::size_t size, PathId path) {
  if (!room_.empty()) seal();
  if (!reserve()) return false;
  if (room_.size() < size) {  // the port itself cannot carry it: as if the path had swallowed it
    abandon();
    return true;
  }
  const std::size_t fixed = wire::kRecordHeader + wire::kPathProbeFixed;
  std::size_t padding = size - wire::kDatagramOverhead - fixed;
  add(qos::TrafficClass::management, [&](ByteWriter& writer) {
    wire::encode_path_probe_header({static_cast<std::uint16_t>(size), path}, padding, writer);
  });
  while (padding > 0) {
    const std::size_t zeros = std::min(padding, kZeros.size());
    append_piece(std::span(kZeros).first(zeros));
    used_ += zeros;
    padding -= zeros;
  }
  const std::size_t largest = largest_;
  seal();
  largest_ = largest;
  return true;
}

}  // namespace usbgw::session

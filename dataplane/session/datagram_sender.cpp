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
    : remote_(config.remote),
      epoch_(std::make_unique<TransmitEpoch>(config.remote_index, keys.transmit, keys.transmit_iv)),
      outbound_(outbound),
      counters_(counters),
      symbols_(std::max(config.initial_payload, config.max_payload)) {}

std::unique_ptr<TransmitEpoch> DatagramSender::rotate(std::unique_ptr<TransmitEpoch> next) {
  USBGW_ASSERT(room_.empty());
  std::swap(epoch_, next);
  return next;
}

void DatagramSender::begin_turn(DatagramPort& port, Instant now, std::size_t payload) {
  port_ = &port;
  now_ = now;
  payload_ = payload;
  sent_ = 0;
  is_blocked_ = false;
}

std::size_t DatagramSender::end_turn() {
  if (!room_.empty()) seal();
  port_ = nullptr;
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
  if (is_blocked_) return false;
  if (epoch_->next_packet == kMaxPacketsPerKey) {  // the peer has not given us the next key
    is_blocked_ = true;
    counters_.add(SessionCounter::transmit_key_spent);
    return false;
  }
  room_ = port_->reserve(remote_, now_);
  if (room_.size() <= wire::kDatagramOverhead) {
    if (!room_.empty()) port_->abandon();
    room_ = {};
    is_blocked_ = true;
    counters_.add(SessionCounter::transmit_blocked);
    return false;
  }
  capacity_ = std::min(room_.size(), payload_) - wire::kDatagramOverhead;
  return true;
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
    port_->abandon();
  } else {
    const std::size_t size = wire::kDatagramOverhead + used_;
    const auto header = room_.first<wire::kDatagramHeader>();
    // The number is spent even if the port drops the datagram: a nonce is never used twice.
    const std::uint64_t packet = epoch_->next_packet++;
    wire::encode(wire::DatagramHeader{epoch_->index.value(), packet}, header);
    epoch_->sealer.seal(packet, header, std::span(pieces_).first(piece_count_),
                        room_.subspan(wire::kDatagramHeader, used_ + wire::kDatagramTag));
    port_->commit(size, traffic_class_);
    counters_.add(SessionCounter::datagrams_sent);
    counters_.add(SessionCounter::bytes_sent, size);
    ++sent_;
  }
  for (std::size_t i = 0; i < release_count_; ++i) outbound_.release(releases_[i]);
  ++sealed_;
  room_ = {};
  used_ = records_ = scratch_used_ = piece_count_ = release_count_ = symbols_used_ = 0;
  last_piece_is_scratch_ = false;
}

bool DatagramSender::send_probe(std::size_t size) {
  if (!room_.empty()) seal();
  if (!reserve()) return false;
  if (room_.size() < size) {  // the port itself cannot carry it: as if the path had swallowed it
    port_->abandon();
    room_ = {};
    return true;
  }
  const std::size_t fixed = wire::kRecordHeader + wire::kPathProbeFixed;
  std::size_t padding = size - wire::kDatagramOverhead - fixed;
  add(qos::TrafficClass::management, [&](ByteWriter& writer) {
    wire::encode_path_probe_header({static_cast<std::uint16_t>(size)}, padding, writer);
  });
  while (padding > 0) {
    const std::size_t zeros = std::min(padding, kZeros.size());
    append_piece(std::span(kZeros).first(zeros));
    used_ += zeros;
    padding -= zeros;
  }
  seal();
  return true;
}

}  // namespace usbgw::session

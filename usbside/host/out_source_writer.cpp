#include "usbside/host/out_source_writer.h"

#include <algorithm>

namespace usbgw::host {
namespace {

std::span<const std::byte> packet_of(const Urb& urb, std::size_t i,
                                     std::span<const std::byte> data) {
  return data.subspan(urb.packets[i].offset, urb.packets[i].length);
}

bool follows(const Urb& urb, std::size_t i) {
  const PacketShape& before = urb.packets[i - 1];
  return urb.packets[i].offset == before.offset + before.length;
}

}  // namespace

void OutSourceWriter::begin_epoch(StreamEpoch epoch) {
  epoch_ = epoch;
  sources_ = 0;
  history_end_ = 0;
  history_count_ = 0;
}

void OutSourceWriter::write(const Urb& urb, std::int64_t first_index,
                            std::span<const std::byte> data, StreamLink& link,
                            std::size_t source_bytes, Instant now) {
  const Target target{link, std::min(source_bytes, link.block_bytes()), now};
  for (std::size_t i = 0; i < urb.packets.size();) {
    prepare(first_index + static_cast<std::int64_t>(i), now);
    const std::size_t count = fill(urb, i, target.source_bytes);
    if (count == 0) {
      write_fragments(packet_of(urb, i, data), target);
      ++i;
      continue;
    }
    const PacketShape& last = urb.packets[i + count - 1];
    body_.payload =
        data.subspan(urb.packets[i].offset, last.offset + last.length - urb.packets[i].offset);
    publish(target);
    for (std::size_t k = 0; k < count; ++k) remember(body_.intervals[k].length);
    i += count;
  }
}

void OutSourceWriter::prepare(std::int64_t index, Instant now) {
  if (index != history_end_) history_count_ = 0;  // intervals were skipped
  history_end_ = index;
  body_ = wire::IsochronousBody{};
  body_.first_index = static_cast<std::uint32_t>(index);
  body_.stamp = now;
  body_.history_count = static_cast<std::uint8_t>(history_count_);
  body_.history = history_;
}

// Takes packets from `from` on that lie back to back and fit one symbol; gives their number.
std::size_t OutSourceWriter::fill(const Urb& urb, std::size_t from, std::size_t source_bytes) {
  std::size_t payload = 0;
  std::size_t count = 0;
  while (from + count < urb.packets.size() && count < wire::kMaxIntervals) {
    const std::size_t i = from + count;
    const std::size_t bytes = payload + urb.packets[i].length;
    const std::size_t overhead = wire::isochronous_overhead(count + 1, history_count_, false);
    if (overhead + bytes > source_bytes || (count > 0 && !follows(urb, i))) break;
    body_.intervals[count].length = static_cast<std::uint16_t>(urb.packets[i].length);
    payload = bytes;
    ++count;
  }
  body_.count = static_cast<std::uint8_t>(count);
  return count;
}

void OutSourceWriter::write_fragments(std::span<const std::byte> packet, const Target& target) {
  const std::size_t overhead = wire::isochronous_overhead(1, history_count_, false);
  if (overhead >= target.source_bytes) {
    ++dropped_;
    return;
  }
  const std::size_t room = target.source_bytes - overhead;
  body_.count = 1;
  body_.is_fragment = true;
  body_.intervals[0].length = static_cast<std::uint16_t>(packet.size());
  for (std::size_t at = 0; at < packet.size(); at += room) {
    body_.fragment_offset = static_cast<std::uint16_t>(at);
    body_.payload = packet.subspan(at, std::min(room, packet.size() - at));
    body_.is_last_fragment = at + body_.payload.size() == packet.size();
    publish(target);
  }
  remember(static_cast<std::uint16_t>(packet.size()));
}

void OutSourceWriter::publish(const Target& target) {
  const auto claim = target.link.claim();
  if (!claim) {
    dropped_ += body_.count;
    return;
  }
  const auto length = wire::encode(body_, claim->bytes);
  StreamItem item;
  item.epoch = epoch_;
  item.stream = stream_;
  item.source = SourceNumber{sources_};
  item.time = target.now;
  item.block = claim->block;
  item.length = static_cast<std::uint32_t>(length.value_or(0));
  if (length && target.link.publish(item)) {
    ++sources_;
  } else {
    dropped_ += body_.count;
  }
  target.link.retire(claim->block);
}

void OutSourceWriter::remember(std::uint16_t length) {
  ++history_end_;
  if (history_count_ < history_.size()) {
    history_[history_count_++] = length;
    return;
  }
  std::copy(history_.begin() + 1, history_.end(), history_.begin());
  history_.back() = length;
}

}  // namespace usbgw::host

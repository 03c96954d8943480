#include "usbside/device/device_stream.h"

#include <algorithm>

#include "wire/isochronous_body.h"

namespace usbgw::device {
namespace {

constexpr std::size_t kMostTransfers = 128;
constexpr std::size_t kCancelsPerTurn = 2;

}  // namespace

void DeviceStream::begin_close() {
  if (closing_) return;
  closing_ = true;
  closed();
  to_cancel_ = ring_.size();
  continue_close();
}

std::size_t DeviceStream::continue_close() {
  std::size_t cancelled = 0;
  while (closing_ && to_cancel_ > 0 && cancelled < kCancelsPerTurn) {
    Transfer& transfer = *ring_[--to_cancel_];
    if (!transfer.in_flight) continue;
    context_.device.cancel(transfer);
    ++cancelled;
  }
  return cancelled;
}

bool DeviceStream::is_idle() const {
  return std::none_of(ring_.begin(), ring_.end(), [](const auto& t) { return t->in_flight; });
}

void DeviceStream::make_ring(std::size_t count, std::size_t iso_packets, std::size_t bytes) {
  bytes_each_ = bytes;
  memory_.resize(count * bytes);
  for (std::size_t i = 0; i < count; ++i) {
    auto transfer = context_.device.make_transfer(iso_packets);
    transfer->endpoint = setup_.open.endpoint;
    transfer->type = setup_.endpoint.type;
    transfer->owner = this;
    transfer->data = std::span(memory_).subspan(i * bytes, bytes);
    ring_.push_back(std::move(transfer));
  }
}

void DeviceStream::cancel_ring() {
  for (const auto& transfer : ring_)
    if (transfer->in_flight) context_.device.cancel(*transfer);
}

std::span<std::byte> DeviceStream::buffer_of(const Transfer& transfer) {
  for (std::size_t i = 0; i < ring_.size(); ++i)
    if (ring_[i].get() == &transfer)
      return std::span(memory_).subspan(i * bytes_each_, bytes_each_);
  return {};
}

std::size_t DeviceStream::capacity() const {
  return std::min<std::size_t>(setup_.open.source_bytes, context_.sink.outbound().block_bytes());
}

StreamItem DeviceStream::item_for(ItemKind kind, SourceNumber source, Instant time,
                                  BlockIndex block, std::size_t size) const {
  StreamItem item;
  item.kind = kind;
  item.epoch = setup_.open.epoch;
  item.stream = stream_of(setup_.open.attachment, setup_.open.endpoint);
  item.source = source;
  item.time = time;
  item.block = block;
  item.length = static_cast<std::uint32_t>(size);
  return item;
}

RingShape shape_of(Duration interval, Duration transfer, Duration ring,
                   std::size_t least_transfers) {
  RingShape shape;
  shape.intervals = static_cast<std::size_t>(
      std::clamp<std::int64_t>(transfer / interval, 1, wire::kMaxIntervals));
  const Duration each = interval * static_cast<std::int64_t>(shape.intervals);
  const auto wanted = static_cast<std::size_t>((ring + each - Duration{1}) / each);
  shape.transfers = std::clamp(wanted, least_transfers, kMostTransfers);
  return shape;
}

}  // namespace usbgw::device

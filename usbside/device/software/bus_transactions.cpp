// SoftwareBus, bulk and interrupt: transactions of at most wMaxPacketSize.
#include <algorithm>

#include "usbside/device/software/software_bus.h"

namespace usbgw::device::software {
namespace {

// Wake-ups while one long bulk URB moves; shorter would buy nothing but load.
constexpr Duration kBulkStride = std::chrono::milliseconds(1);

// USB 2.0, 5.8.4: token, handshake, turnaround of one bulk transaction, in byte times.
constexpr std::size_t kOverheadFull = 13;
constexpr std::size_t kOverheadHigh = 55;

}  // namespace

Duration SoftwareBus::transaction_time(std::size_t bytes) const {
  const bool is_high = function_.description().speed == Speed::high;
  const auto total = static_cast<std::int64_t>(bytes + (is_high ? kOverheadHigh : kOverheadFull));
  return is_high ? Duration(total * 1000 / 60) : Duration(total * 2000 / 3);
}

SoftwareBus::Progress SoftwareBus::transact(Endpoint& target, Instant when) {
  BusUrb& urb = *target.queue.front();
  const Progress progress = target.info->address.is_in() ? transact_in(target, urb, when)
                                                         : transact_out(target, urb, when);
  if (progress == Progress::none) ++counters_.naks;
  if (progress == Progress::completed) target.queue.erase(target.queue.begin());
  return progress;
}

SoftwareBus::Progress SoftwareBus::transact_in(Endpoint& target, BusUrb& urb, Instant when) {
  const auto left = urb.data.subspan(urb.actual);
  const std::size_t packet = target.info->packet_bytes;
  const bool fits = left.size() >= packet;
  const auto room = fits ? left.first(packet) : std::span(scratch_).first(packet);
  const Handshake answer = function_.data_in(target.info->address, room, when);
  if (answer.kind == Handshake::Kind::nak) return Progress::none;
  if (answer.kind == Handshake::Kind::stall) {
    target.is_halted = true;
    complete(urb, UrbStatus::stall, when);
    return Progress::completed;
  }
  const std::size_t taken = std::min(answer.bytes, left.size());
  if (!fits) std::copy_n(room.begin(), taken, left.begin());
  urb.actual += taken;
  if (answer.bytes > left.size()) {
    complete(urb, UrbStatus::overflow, when);
    return Progress::completed;
  }
  const bool is_short = answer.bytes < packet;
  if (!is_short && urb.actual < urb.data.size()) return Progress::moved;
  const bool is_refused = urb.short_not_ok && urb.actual < urb.data.size();
  complete(urb, is_refused ? UrbStatus::remote_io : UrbStatus::ok, when);
  return Progress::completed;
}

SoftwareBus::Progress SoftwareBus::transact_out(Endpoint& target, BusUrb& urb, Instant when) {
  const std::size_t packet = target.info->packet_bytes;
  const auto left = urb.data.subspan(urb.actual);
  const auto data = left.first(std::min(left.size(), packet));
  const Handshake answer = function_.data_out(target.info->address, data, when);
  if (answer.kind == Handshake::Kind::nak) return Progress::none;
  if (answer.kind == Handshake::Kind::stall) {
    target.is_halted = true;
    complete(urb, UrbStatus::stall, when);
    return Progress::completed;
  }
  urb.actual += data.size();
  const bool owes_empty = urb.zero_packet && data.size() == packet;
  if (urb.actual < urb.data.size() || owes_empty) return Progress::moved;
  complete(urb, UrbStatus::ok, when);
  return Progress::completed;
}

void SoftwareBus::serve_bulk(Instant now) {
  if (!has_bulk_) {
    bulk_free_ = std::max(bulk_free_, now);
    return;
  }
  while (bulk_free_ <= now) {
    Instant ready = kNever;
    bool has_moved = false;
    for (std::size_t i = 0; i < table_.size() && !has_moved; ++i) {
      Endpoint& target = table_[(bulk_turn_ + i) % table_.size()];
      if (target.info == nullptr || target.info->type != TransferType::bulk) continue;
      if (target.queue.empty()) continue;
      const std::size_t before = target.queue.front()->actual;
      const BusUrb* urb = target.queue.front();
      if (transact(target, bulk_free_) == Progress::none) {
        ready = std::min(ready, function_.ready_at(target.info->address));
        continue;
      }
      has_moved = true;
      bulk_turn_ = (bulk_turn_ + i + 1) % table_.size();
      bulk_free_ += transaction_time(urb->actual - before);
    }
    if (has_moved) continue;
    // All said NAK, or nothing is queued: go to where something may change.
    const bool is_later = ready > bulk_free_ && ready <= now;
    bulk_free_ = is_later ? ready : now;
    if (!is_later) return;
  }
}

void SoftwareBus::serve_interrupt(Instant now) {
  for (Endpoint* const each : interrupt_) {
    Endpoint& target = *each;
    while (!target.queue.empty() && clock_.begin(target.next_service) <= now) {
      const Instant when = clock_.begin(target.next_service);
      target.next_service += target.info->period;
      if (transact(target, when) != Progress::none) continue;
      // Nothing before the device is ready; polls that would only hear NAK are left out.
      const Instant ready = std::min(function_.ready_at(target.info->address), now);
      target.next_service =
          std::max(target.next_service, align_up(clock_.first_from(ready), target.info->period));
    }
  }
}

Instant SoftwareBus::interrupt_deadline(const Endpoint& target) const {
  const Instant ready = function_.ready_at(target.info->address);
  if (ready == kNever) return kNever;
  const std::int64_t interval = align_up(clock_.first_from(ready), target.info->period);
  return clock_.begin(std::max(interval, target.next_service));
}

Instant SoftwareBus::bulk_deadline() const {
  Instant deadline = kNever;
  for (const Endpoint& each : table_) {
    if (each.info == nullptr || each.info->type != TransferType::bulk) continue;
    if (!each.queue.empty()) deadline = std::min(deadline, bulk_deadline(each));
  }
  return deadline;
}

Instant SoftwareBus::bulk_deadline(const Endpoint& target) const {
  const Instant ready = function_.ready_at(target.info->address);
  if (ready == kNever) return kNever;
  const BusUrb& front = *target.queue.front();
  const std::size_t left = front.data.size() - front.actual;
  const std::size_t packets = std::max<std::size_t>(1, left / target.info->packet_bytes);
  const Duration moving =
      static_cast<std::int64_t>(packets - 1) * transaction_time(target.info->packet_bytes);
  return std::max(ready, bulk_free_ + std::min(moving, kBulkStride));
}

}  // namespace usbgw::device::software

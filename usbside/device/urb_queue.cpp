#include "usbside/device/urb_queue.h"

#include <algorithm>

namespace usbgw::device {

void UrbQueue::submit(wire::UrbSubmit&& request) {
  const UrbStatus refused = check(request);
  if (refused != UrbStatus::ok) return refuse(request, refused, context_);
  ++pending_;
  pending_bytes_ += request.length;
  auto urb = std::make_unique<PendingUrb>();
  urb->request = std::move(request);
  urb->is_in = urb->request.endpoint.is_in();
  line_of(urb->request.endpoint).push_back(std::move(urb));
  pump();
}

UrbStatus UrbQueue::check(const wire::UrbSubmit& request) const {
  const bool is_in = request.endpoint.is_in();
  const bool is_ours =
      request.type == TransferType::bulk || request.type == TransferType::interrupt;
  if (!is_ours || request.endpoint.number() == 0 || request.length > wire::kMaxUrbBytes)
    return UrbStatus::protocol_error;
  if (request.data.size() != (is_in ? 0 : request.length)) return UrbStatus::protocol_error;
  if (pending_ >= kMaxPendingUrbs || pending_bytes_ + request.length > kMaxPendingBytes)
    return kNoMemory;
  return UrbStatus::ok;
}

void UrbQueue::pump() {
  for (auto& line : lines_)
    while (pump(line)) {
    }
}

// Starts the line's next URB if it may go; in order, so never past one that waits.
bool UrbQueue::pump(Line& line) {
  const auto next = std::find_if(line.begin(), line.end(),
                                 [](const auto& urb) { return !urb->is_done && !urb->transfer; });
  if (next == line.end()) return false;
  const std::size_t bytes = (*next)->request.length;
  if (at_device_bytes_ > 0 && at_device_bytes_ + bytes > kMaxBytesAtDevice) return false;
  start(**next);
  deliver(line);
  return true;
}

void UrbQueue::start(PendingUrb& urb) {
  if (spare_.empty()) spare_.push_back(context_.device.make_transfer(0));
  urb.transfer = std::move(spare_.back());
  spare_.pop_back();
  urb.load(*this);
  at_device_bytes_ += urb.request.length;
  const UrbStatus status = context_.device.submit(*urb.transfer);
  if (status == UrbStatus::ok) return;
  give_back_transfer(urb);
  urb.finish(status);
}

void UrbQueue::give_back_transfer(PendingUrb& urb) {
  at_device_bytes_ -= urb.request.length;
  urb.transfer->data = {};
  spare_.push_back(std::move(urb.transfer));
}

void UrbQueue::on_complete(Transfer& transfer, Instant) {
  Line& line = line_of(transfer.endpoint);
  const auto urb = std::find_if(line.begin(), line.end(),
                                [&](const auto& u) { return u->transfer.get() == &transfer; });
  if (urb == line.end()) return;
  (*urb)->finish();
  give_back_transfer(**urb);
  deliver(line);
  pump();
}

void UrbQueue::deliver(Line& line) {
  while (!line.empty() && line.front()->is_done) {
    const auto urb = std::move(line.front());
    line.pop_front();
    answer(*urb);
  }
  for (auto urb = line.begin(); urb != line.end();) {
    if (!(*urb)->may_overtake()) {
      ++urb;
      continue;
    }
    const auto done = std::move(*urb);
    urb = line.erase(urb);
    answer(*done);
  }
}

void UrbQueue::answer(PendingUrb& urb) {
  --pending_;
  pending_bytes_ -= urb.request.length;
  context_.counters.add(DeviceCounter::urbs_answered);
  context_.sink.reply(urb.take_reply(), urb.request.type);
}

bool UrbQueue::cancel(TransactionId transaction) {
  for (auto& line : lines_) {
    const auto urb = std::find_if(line.begin(), line.end(), [&](const auto& u) {
      return u->request.transaction == transaction;
    });
    if (urb == line.end()) continue;
    context_.counters.add(DeviceCounter::urbs_cancelled);
    cancel(**urb);
    deliver(line);
    return true;
  }
  return false;
}

void UrbQueue::cancel(PendingUrb& urb) {
  urb.is_cancelled = true;
  if (urb.is_done) return;
  if (urb.transfer)
    context_.device.cancel(*urb.transfer);
  else
    urb.finish(UrbStatus::connection_reset);
}

void UrbQueue::cancel_all() {
  for (auto& line : lines_) {
    for (auto& urb : line) cancel(*urb);
    deliver(line);
  }
}

void UrbQueue::drop_waiting(UrbStatus status) {
  for (auto& line : lines_) {
    for (auto& urb : line)
      if (!urb->is_done && !urb->transfer) urb->finish(status);
    deliver(line);
  }
}

}  // namespace usbgw::device

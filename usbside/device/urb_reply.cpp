#include "usbside/device/urb_reply.h"

#include <algorithm>

#include "usbside/device/device_stream.h"

namespace usbgw::device {

void PendingUrb::load(TransferOwner& owner) {
  if (is_in) room.resize(request.length);
  transfer->endpoint = request.endpoint;
  transfer->type = request.type;
  transfer->setup = request.setup;
  transfer->data = is_in ? std::span(room) : std::span(request.data);
  transfer->zero_packet = request.zero_packet && !is_in;
  transfer->short_not_ok = request.short_not_ok && is_in;
  transfer->owner = &owner;
  transfer->status = UrbStatus::ok;
  transfer->actual = 0;
}

void PendingUrb::finish() {
  is_done = true;
  status = transfer->status;
  actual = static_cast<std::uint32_t>(std::min<std::size_t>(transfer->actual, request.length));
  const bool is_whole = actual == request.length;
  if (status == UrbStatus::connection_reset && is_whole && actual > 0) status = UrbStatus::ok;
  if (status == UrbStatus::ok && is_in && request.short_not_ok && !is_whole)
    status = UrbStatus::remote_io;
}

void PendingUrb::finish(UrbStatus without_transfer) {
  is_done = true;
  status = without_transfer;
  actual = 0;
}

wire::UrbReply PendingUrb::take_reply() {
  wire::UrbReply reply = refusal(request, status);
  reply.actual = actual;
  if (is_in) {
    room.resize(actual);
    reply.data = std::move(room);
  }
  return reply;
}

wire::UrbReply refusal(const wire::UrbSubmit& request, UrbStatus status) {
  wire::UrbReply reply;
  reply.attachment = request.attachment;
  reply.transaction = request.transaction;
  reply.status = status;
  return reply;
}

void refuse(const wire::UrbSubmit& request, UrbStatus status, StreamContext& context) {
  context.counters.add(DeviceCounter::urbs_refused);
  context.counters.add(DeviceCounter::urbs_answered);
  context.sink.reply(refusal(request, status), request.type);
}

}  // namespace usbgw::device

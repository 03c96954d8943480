#include "usbside/host/transfer_relay.h"

namespace usbgw::host {

void TransferRelay::submit(Urb& urb, std::span<const std::byte> data) {
  ledger_.give_transaction(urb);
  wire::UrbSubmit request;
  request.attachment = attachment_;
  request.transaction = urb.transaction;
  request.endpoint = urb.submit.endpoint;
  request.type = urb.type;
  request.short_not_ok = (urb.submit.flags & wire::usbip::kShortNotOk) != 0;
  request.zero_packet = (urb.submit.flags & wire::usbip::kZeroPacket) != 0;
  if (urb.type == TransferType::control) request.setup = urb.submit.setup;
  request.length = urb.submit.length;
  request.data.assign(data.begin(), data.end());
  sink_.submit(std::move(request));
}

void TransferRelay::unlink(Urb& urb, std::uint32_t unlink_seqnum) {
  urb.state = UrbState::unlinking;
  urb.unlink_seqnum = unlink_seqnum;
  sink_.cancel({attachment_, urb.transaction});
}

void TransferRelay::answer(Urb& urb, const wire::UrbReply& reply) {
  const bool is_reset = reply.status == UrbStatus::connection_reset;
  if (is_reset && reply.actual == 0 && reply.data.empty() && urb.state == UrbState::unlinking) {
    answerer_.unlink(urb, urb.unlink_seqnum);
    return;
  }
  // A driver takes -ECONNRESET for its own unlink; without one the endpoint was shut down.
  const bool is_foreign = is_reset && urb.state == UrbState::pending;
  const UrbStatus status = is_foreign ? UrbStatus::shutdown : reply.status;
  answerer_.complete(urb, {status, reply.actual, reply.data, {}});
}

void TransferRelay::abandon(Urb& urb) {
  if (urb.state == UrbState::unlinking) {
    answerer_.unlink(urb, urb.unlink_seqnum);
  } else {
    answerer_.fail(urb, UrbStatus::shutdown);
  }
}

}  // namespace usbgw::host

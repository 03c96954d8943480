#include "usbside/device/software/usbip_peer.h"

#include <algorithm>
#include <array>

namespace usbgw::device::software {
namespace {

namespace usbip = wire::usbip;

// usbfs programs may hand a whole 4 MiB read to one URB.
constexpr std::size_t kMaxTransfer = std::size_t{4} << 20;
constexpr std::size_t kMaxSpare = 64;
constexpr UrbStatus kNoMemory{-12};  // -ENOMEM: as usb_submit_urb says it

}  // namespace

UsbipPeer::UsbipPeer(Function& function, const BusConfig& config)
    : bus_(function, config), reader_(kMaxTransfer) {
  for (const auto& info : bus_.endpoints()) {
    if (info.type == TransferType::isochronous) reader_.set_isochronous(info.address, true);
  }
}

Result<void> UsbipPeer::process(Instant now) {
  // Whoever wakes late finds URBs in the socket that came in time: they count as submitted when the
  // bus was due to be served. With nothing due, the wake-up was for them, and they came now.
  const Instant arrival = std::clamp(bus_.next_deadline(), std::min(bus_.now(), now), now);
  bus_.advance(arrival);
  for (;;) {
    auto pdu = reader_.next();
    if (!pdu) {
      return fail(ErrorCode::protocol,
                  "vhci sent what is not USB/IP: " + std::string(wire::to_string(pdu.error())));
    }
    if (!*pdu) break;
    if (const auto* command = std::get_if<usbip::Submit>(&(*pdu)->command)) {
      submit(*command, **pdu, arrival);
    } else {
      // What the device has already finished is answered first.
      bus_.advance(arrival);
      answer_completed();
      unlink(std::get<usbip::Unlink>((*pdu)->command));
    }
  }
  advance(now);
  return {};
}

void UsbipPeer::advance(Instant now) {
  bus_.advance(now);
  answer_completed();
}

std::unique_ptr<UsbipPeer::Pending> UsbipPeer::take_slot() {
  if (spare_.empty()) return std::make_unique<Pending>();
  auto slot = std::move(spare_.back());
  spare_.pop_back();
  return slot;
}

void UsbipPeer::give_back(std::uint32_t seqnum) {
  const auto found = pending_.find(seqnum);
  seqnums_.erase(&found->second->urb);
  if (spare_.size() < kMaxSpare) spare_.push_back(std::move(found->second));
  pending_.erase(found);
}

void UsbipPeer::refuse(const usbip::Submit& submit) {
  append(usbip::encode(usbip::SubmitReply{submit.seqnum, kNoMemory, 0, 0, 0, 0}));
}

void UsbipPeer::submit(const usbip::Submit& submit, const usbip::CommandPdu& pdu, Instant now) {
  if (pdu.data_dropped || submit.length > kMaxTransfer || pending_.contains(submit.seqnum)) {
    return refuse(submit);
  }
  auto slot = take_slot();
  slot->seqnum = submit.seqnum;
  slot->is_in = submit.endpoint.is_in();
  slot->is_isochronous = pdu.packets.size() != 0;
  slot->data.assign(pdu.data.begin(), pdu.data.end());
  slot->data.resize(submit.length);
  BusUrb& urb = slot->urb;
  urb.endpoint = submit.endpoint;
  urb.setup = submit.setup;
  urb.data = slot->data;
  urb.zero_packet = (submit.flags & usbip::kZeroPacket) != 0;
  urb.short_not_ok = (submit.flags & usbip::kShortNotOk) != 0;
  // vhci carries the driver's urb->interval: for a full-speed feedback endpoint only it is right.
  const bool has_period = slot->is_isochronous && submit.interval > 0;
  urb.period = has_period ? static_cast<std::uint32_t>(std::min(submit.interval, 32768)) : 0;
  urb.packets.clear();
  for (std::size_t i = 0; i < pdu.packets.size(); ++i) {
    const auto packet = pdu.packets[i];
    urb.packets.push_back({packet.offset, packet.length, 0, UrbStatus::ok});
  }
  seqnums_[&urb] = submit.seqnum;
  pending_[submit.seqnum] = std::move(slot);
  bus_.submit(urb, now);
}

void UsbipPeer::unlink(const usbip::Unlink& unlink) {
  const auto found = pending_.find(unlink.unlink_seqnum);
  UrbStatus status = UrbStatus::ok;
  if (found != pending_.end()) {
    Pending& pending = *found->second;
    static_cast<void>(bus_.unlink(pending.urb));
    if (pending.urb.actual != 0) {
      pending.urb.status = UrbStatus::connection_reset;
      answer(pending);
    } else {
      status = UrbStatus::connection_reset;
    }
    give_back(unlink.unlink_seqnum);
  }
  append(usbip::encode(usbip::UnlinkReply{unlink.seqnum, status}));
}

void UsbipPeer::answer_completed() {
  while (const BusUrb* urb = bus_.next_completed()) {
    const std::uint32_t seqnum = seqnums_.at(urb);
    answer(*pending_.at(seqnum));
    give_back(seqnum);
  }
}

void UsbipPeer::answer(const Pending& pending) {
  const BusUrb& urb = pending.urb;
  usbip::SubmitReply reply;
  reply.seqnum = pending.seqnum;
  reply.status = urb.status;
  std::size_t actual = urb.actual;
  for (const BusPacket& packet : urb.packets) actual += packet.actual;
  reply.actual = static_cast<std::uint32_t>(actual);
  reply.number_of_packets = static_cast<std::int32_t>(urb.packets.size());
  if (pending.is_isochronous) reply.start_frame = static_cast<std::int32_t>(urb.first_interval);
  append(usbip::encode(reply));
  if (pending.is_in && !pending.is_isochronous) append(urb.data.first(urb.actual));
  if (pending.is_in) {
    for (const BusPacket& packet : urb.packets) {
      append(urb.data.subspan(packet.offset, packet.actual));
    }
  }
  for (const BusPacket& packet : urb.packets) {
    std::array<std::byte, usbip::kIsoDescriptorBytes> bytes{};
    usbip::encode({packet.offset, packet.length, packet.actual, packet.status}, bytes);
    append(bytes);
  }
}

void UsbipPeer::append(std::span<const std::byte> bytes) {
  output_.insert(output_.end(), bytes.begin(), bytes.end());
}

void UsbipPeer::written(std::size_t bytes) {
  output_taken_ += bytes;
  if (output_taken_ < output_.size()) return;
  output_.clear();
  output_taken_ = 0;
}

}  // namespace usbgw::device::software

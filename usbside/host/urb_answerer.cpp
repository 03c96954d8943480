#include "usbside/host/urb_answerer.h"

#include "common/assertion.h"

namespace usbgw::host {

using wire::usbip::IsoDescriptor;
using wire::usbip::kIsoDescriptorBytes;
using wire::usbip::kMaxIsoPackets;

UrbAnswerer::UrbAnswerer(UrbLedger& ledger, VhciSocket& socket)
    : ledger_(ledger), socket_(socket), tail_(kMaxIsoPackets * kIsoDescriptorBytes) {
  failed_packets_.reserve(kMaxIsoPackets);
}

void UrbAnswerer::complete(Urb& urb, const Completion& completion) {
  if (!is_allowed(urb, completion)) {
    ++counts_.refused;
    fail(urb, UrbStatus::protocol_error);
    return;
  }
  write_reply(urb, completion);
  ++counts_.answered;
  if (urb.state == UrbState::unlinking) unlink_nothing(urb.unlink_seqnum);
  ledger_.release(urb);
}

void UrbAnswerer::fail(Urb& urb, UrbStatus status) {
  failed_packets_.clear();
  for (const PacketShape& packet : urb.packets) {
    failed_packets_.push_back({packet.offset, packet.length, 0, UrbStatus::cross_device});
  }
  const Completion completion{status, 0, {}, failed_packets_};
  USBGW_ASSERT(is_allowed(urb, completion));
  write_reply(urb, completion);
  ++counts_.answered;
  if (urb.state == UrbState::unlinking) unlink_nothing(urb.unlink_seqnum);
  ledger_.release(urb);
}

void UrbAnswerer::unlink(Urb& urb, std::uint32_t unlink_seqnum) {
  write_unlink(unlink_seqnum, UrbStatus::connection_reset);
  ++counts_.unlinked;
  ledger_.release(urb);
}

void UrbAnswerer::unlink_nothing(std::uint32_t unlink_seqnum) {
  write_unlink(unlink_seqnum, UrbStatus::ok);
}

void UrbAnswerer::refuse(const wire::usbip::Submit& submit, UrbStatus status) {
  ++counts_.refused;
  wire::usbip::SubmitReply reply;
  reply.seqnum = submit.seqnum;
  reply.status = status;
  write(wire::usbip::encode(reply), {}, {});
}

void UrbAnswerer::write_reply(const Urb& urb, const Completion& completion) {
  wire::usbip::SubmitReply reply;
  reply.seqnum = urb.submit.seqnum;
  reply.status = completion.status;
  reply.actual = static_cast<std::uint32_t>(completion.actual);
  reply.start_frame = urb.submit.start_frame;
  reply.number_of_packets = static_cast<std::int32_t>(completion.packets.size());
  std::size_t tail = 0;
  for (const IsoDescriptor& packet : completion.packets) {
    if (packet.status != UrbStatus::ok) ++reply.error_count;
    wire::usbip::encode(packet, std::span(tail_).subspan(tail).first<kIsoDescriptorBytes>());
    tail += kIsoDescriptorBytes;
  }
  write(wire::usbip::encode(reply), completion.data, std::span(tail_).first(tail));
}

void UrbAnswerer::write_unlink(std::uint32_t seqnum, UrbStatus status) {
  write(wire::usbip::encode(wire::usbip::UnlinkReply{seqnum, status}), {}, {});
}

void UrbAnswerer::write(std::span<const std::byte> head, std::span<const std::byte> payload,
                        std::span<const std::byte> tail) {
  if (!broken_ && !socket_.write(head, payload, tail)) broken_ = true;
}

}  // namespace usbgw::host

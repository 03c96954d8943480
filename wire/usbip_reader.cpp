#include "wire/usbip_reader.h"

#include <algorithm>
#include <utility>

#include "common/assertion.h"

namespace usbgw::wire::usbip {
namespace {

struct Lengths {
  std::size_t data = 0;
  std::size_t packets = 0;  // descriptors' bytes
};

WireResult<std::size_t> descriptor_bytes(std::int32_t number_of_packets) {
  if (number_of_packets < 0 || static_cast<std::size_t>(number_of_packets) > kMaxIsoPackets) {
    return tl::unexpected(WireError::malformed);
  }
  return static_cast<std::size_t>(number_of_packets) * kIsoDescriptorBytes;
}

bool all_inside(const IsoDescriptors& packets, std::uint32_t length) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const IsoDescriptor packet = packets[i];
    if (packet.offset > length || packet.length > length - packet.offset) return false;
  }
  return true;
}

// vhci refuses descriptors whose lengths do not add up to the header's (usbip_recv_iso).
bool adds_up(const IsoDescriptors& packets, std::uint32_t actual) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) sum += packets[i].actual;
  return packets.size() == 0 || sum == actual;
}

WireResult<Lengths> lengths_of(const SubmitReply& reply, const SubmittedUrbs& submitted) {
  const auto shape = submitted.find(reply.seqnum);
  if (!shape || (shape->is_in && reply.actual > shape->length)) {
    return tl::unexpected(WireError::malformed);
  }
  Lengths lengths{shape->is_in ? reply.actual : 0, 0};
  if (shape->is_isochronous) {
    const auto packets = descriptor_bytes(reply.number_of_packets);
    if (!packets) return tl::unexpected(packets.error());
    lengths.packets = *packets;
  }
  return lengths;
}

}  // namespace

StreamBuffer::StreamBuffer(std::size_t max_transfer)
    : bytes_(kHeaderBytes + max_transfer + kMaxIsoPackets * kIsoDescriptorBytes) {}

std::span<std::byte> StreamBuffer::room() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > bytes_.size() / 2 || end_ == bytes_.size()) {
    std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_),
              bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  return std::span(bytes_).subspan(end_);
}

void StreamBuffer::commit(std::size_t bytes) {
  USBGW_ASSERT(bytes <= bytes_.size() - end_);
  end_ += bytes;
  const std::size_t skipped = std::min(to_skip_, end_ - begin_);
  begin_ += skipped;
  to_skip_ -= skipped;
}

std::span<const std::byte> StreamBuffer::pending() const {
  return std::span(bytes_).subspan(begin_, end_ - begin_);
}

void StreamBuffer::consume(std::size_t bytes) {
  USBGW_ASSERT(bytes <= end_ - begin_);
  begin_ += bytes;
}

void StreamBuffer::skip(std::size_t bytes) {
  const std::size_t here = std::min(bytes, end_ - begin_);
  begin_ += here;
  to_skip_ = bytes - here;
}

void CommandReader::set_isochronous(EndpointAddress endpoint, bool is_isochronous) {
  const std::uint32_t bit = 1u << (endpoint.number() + (endpoint.is_in() ? 16 : 0));
  isochronous_ = is_isochronous ? isochronous_ | bit : isochronous_ & ~bit;
}

bool CommandReader::is_isochronous(EndpointAddress endpoint) const {
  return (isochronous_ >> (endpoint.number() + (endpoint.is_in() ? 16 : 0)) & 1u) != 0;
}

WireResult<std::optional<CommandPdu>> CommandReader::next() {
  buffer_.consume(std::exchange(given_, 0));
  const auto pending = buffer_.pending();
  if (pending.size() < kHeaderBytes) return std::nullopt;
  auto command = decode_command(pending);
  if (!command) return tl::unexpected(command.error());
  Lengths lengths;
  const auto* submit = std::get_if<Submit>(&*command);
  if (submit != nullptr) {
    if (!submit->endpoint.is_in()) lengths.data = submit->length;
    if (is_isochronous(submit->endpoint)) {
      const auto packets = descriptor_bytes(submit->number_of_packets);
      if (!packets) return tl::unexpected(packets.error());
      lengths.packets = *packets;
    }
  }
  const std::size_t whole = kHeaderBytes + lengths.data + lengths.packets;
  if (whole > buffer_.capacity()) {
    buffer_.skip(whole);
    return CommandPdu{*command, {}, {}, true};
  }
  if (pending.size() < whole) return std::nullopt;
  given_ = whole;
  CommandPdu pdu{*command, pending.subspan(kHeaderBytes, lengths.data),
                 IsoDescriptors(pending.subspan(kHeaderBytes + lengths.data, lengths.packets)),
                 false};
  if (submit != nullptr && !all_inside(pdu.packets, submit->length)) {
    return tl::unexpected(WireError::malformed);
  }
  return pdu;
}

WireResult<std::optional<ReplyPdu>> ReplyReader::next() {
  buffer_.consume(std::exchange(given_, 0));
  const auto pending = buffer_.pending();
  if (pending.size() < kHeaderBytes) return std::nullopt;
  const auto reply = decode_reply(pending);
  if (!reply) return tl::unexpected(reply.error());
  Lengths lengths;
  const auto* submit = std::get_if<SubmitReply>(&*reply);
  if (submit != nullptr) {
    const auto found = lengths_of(*submit, submitted_);
    if (!found) return tl::unexpected(found.error());
    lengths = *found;
  }
  const std::size_t whole = kHeaderBytes + lengths.data + lengths.packets;
  if (whole > buffer_.capacity()) {
    buffer_.skip(whole);
    return ReplyPdu{*reply, {}, {}, true};
  }
  if (pending.size() < whole) return std::nullopt;
  given_ = whole;
  ReplyPdu pdu{*reply, pending.subspan(kHeaderBytes, lengths.data),
               IsoDescriptors(pending.subspan(kHeaderBytes + lengths.data, lengths.packets)),
               false};
  if (submit != nullptr && !adds_up(pdu.packets, submit->actual)) {
    return tl::unexpected(WireError::malformed);
  }
  return pdu;
}

}  // namespace usbgw::wire::usbip

#include "wire/urb_message.h"

#include <algorithm>
#include <limits>

#include "common/byte_reader.h"

namespace usbgw::wire {
namespace {

constexpr std::uint8_t kFlagShortNotOk = 1u << 0;
constexpr std::uint8_t kFlagZeroPacket = 1u << 1;
constexpr std::uint8_t kKnownFlags = kFlagShortNotOk | kFlagZeroPacket;
constexpr std::uint8_t kEndpointReservedBits = 0x70;
constexpr std::size_t kSetupOffset = 16;

static_assert(kMaxUrbBytes <= std::numeric_limits<std::uint32_t>::max());

void store_setup(std::byte* to, const SetupPacket& setup) {
  store_le<std::uint8_t>(to, setup.request_type);
  store_le<std::uint8_t>(to + 1, setup.request);
  store_le<std::uint16_t>(to + 2, setup.value);
  store_le<std::uint16_t>(to + 4, setup.index);
  store_le<std::uint16_t>(to + 6, setup.length);
}

SetupPacket load_setup(const std::byte* from) {
  return {load_le<std::uint8_t>(from), load_le<std::uint8_t>(from + 1),
          load_le<std::uint16_t>(from + 2), load_le<std::uint16_t>(from + 4),
          load_le<std::uint16_t>(from + 6)};
}

bool is_carried(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(TransferType::control) ||
         type == static_cast<std::uint8_t>(TransferType::bulk) ||
         type == static_cast<std::uint8_t>(TransferType::interrupt);
}

// A control endpoint has one address for both directions; the request says which way data goes.
bool carries_out_data(const UrbSubmit& submit) {
  return submit.type == TransferType::control ? !submit.setup.is_in() : !submit.endpoint.is_in();
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// The setup stage belongs to control transfers alone and its wLength is the transfer's length
// (drivers/usb/core/urb.c refuses anything else, -EBADR).
bool setup_agrees(const UrbSubmit& submit) {
  return submit.type == TransferType::control ? submit.setup.length == submit.length
                                              : submit.setup == SetupPacket{};
}

// Room for `fixed` bytes and, behind them, a copy of `data`.
std::vector<std::byte> with_payload(std::size_t fixed, std::span<const std::byte> data) {
  std::vector<std::byte> bytes;
  bytes.reserve(fixed + data.size());
  bytes.resize(fixed);
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

}  // namespace

std::vector<std::byte> encode(const UrbSubmit& submit) {
  auto bytes = with_payload(kUrbSubmitFixed, submit.data);
  auto header = HeaderWriter<kUrbSubmitFixed>::over(bytes);
  header->store<std::uint8_t, 0>(submit.attachment.value());
  header->store<std::uint8_t, 1>(submit.endpoint.value());
  header->store<std::uint8_t, 2>(static_cast<std::uint8_t>(submit.type));
  header->store<std::uint8_t, 3>(static_cast<std::uint8_t>(
      (submit.short_not_ok ? kFlagShortNotOk : 0) | (submit.zero_packet ? kFlagZeroPacket : 0)));
  header->store<std::uint64_t, 4>(submit.transaction.value());
  header->store<std::uint32_t, 12>(submit.length);
  store_setup(bytes.data() + kSetupOffset, submit.setup);
  return bytes;
}

std::vector<std::byte> encode(const UrbReply& reply) {
  auto bytes = with_payload(kUrbReplyFixed, reply.data);
  auto header = HeaderWriter<kUrbReplyFixed>::over(bytes);
  header->store<std::uint8_t, 0>(reply.attachment.value());
  header->store<std::uint64_t, 4>(reply.transaction.value());
  header->store<std::uint32_t, 12>(static_cast<std::uint32_t>(reply.status));
  header->store<std::uint32_t, 16>(reply.actual);
  return bytes;
}

std::vector<std::byte> encode(const UrbCancel& cancel) {
  std::vector<std::byte> bytes(kUrbCancelBytes);
  auto header = HeaderWriter<kUrbCancelBytes>::over(bytes);
  header->store<std::uint8_t, 0>(cancel.attachment.value());
  header->store<std::uint64_t, 4>(cancel.transaction.value());
  return bytes;
}

WireResult<UrbSubmit> decode_urb_submit(std::span<const std::byte> bytes) {
  const auto header = HeaderReader<kUrbSubmitFixed>::over(bytes);
  if (!header) return tl::unexpected(WireError::truncated);
  const auto type = header->load<std::uint8_t, 2>();
  const auto flags = header->load<std::uint8_t, 3>();
  const auto endpoint = header->load<std::uint8_t, 1>();
  if (!is_carried(type)) return tl::unexpected(WireError::unknown_type);
  if ((flags & ~kKnownFlags) != 0 || (endpoint & kEndpointReservedBits) != 0)
    return tl::unexpected(WireError::malformed);

  UrbSubmit submit;
  submit.attachment = AttachmentId{header->load<std::uint8_t, 0>()};
  submit.transaction = TransactionId{header->load<std::uint64_t, 4>()};
  submit.endpoint = EndpointAddress{endpoint};
  submit.type = static_cast<TransferType>(type);
  submit.short_not_ok = (flags & kFlagShortNotOk) != 0;
  submit.zero_packet = (flags & kFlagZeroPacket) != 0;
  submit.setup = load_setup(bytes.data() + kSetupOffset);
  submit.length = header->load<std::uint32_t, 12>();
  if (submit.length > kMaxUrbBytes) return tl::unexpected(WireError::too_large);
  if (!setup_agrees(submit)) return tl::unexpected(WireError::malformed);

  const auto data = header->rest();
  const std::size_t expected = carries_out_data(submit) ? submit.length : 0;
  if (data.size() < expected) return tl::unexpected(WireError::truncated);
  if (data.size() > expected) return tl::unexpected(WireError::trailing_bytes);
  submit.data.assign(data.begin(), data.end());
  return submit;
}

WireResult<UrbReply> decode_urb_reply(std::span<const std::byte> bytes) {
  const auto header = HeaderReader<kUrbReplyFixed>::over(bytes);
  if (!header) return tl::unexpected(WireError::truncated);
  UrbReply reply;
  reply.attachment = AttachmentId{header->load<std::uint8_t, 0>()};
  reply.transaction = TransactionId{header->load<std::uint64_t, 4>()};
  reply.status =
      static_cast<UrbStatus>(static_cast<std::int32_t>(header->load<std::uint32_t, 12>()));
  reply.actual = header->load<std::uint32_t, 16>();
  if (!is_zero(bytes.subspan(1, 3)) || static_cast<std::int32_t>(reply.status) > 0)
    return tl::unexpected(WireError::malformed);
  if (reply.actual > kMaxUrbBytes) return tl::unexpected(WireError::too_large);
  // Without data it answers an OUT transfer; the ledger knows which it was.
  const auto data = header->rest();
  if (data.size() > reply.actual) return tl::unexpected(WireError::trailing_bytes);
  if (!data.empty() && data.size() < reply.actual) return tl::unexpected(WireError::truncated);
  reply.data.assign(data.begin(), data.end());
  return reply;
}

WireResult<UrbCancel> decode_urb_cancel(std::span<const std::byte> bytes) {
  const auto header = HeaderReader<kUrbCancelBytes>::over(bytes);
  if (!header) return tl::unexpected(WireError::truncated);
  if (!header->rest().empty()) return tl::unexpected(WireError::trailing_bytes);
  if (!is_zero(bytes.subspan(1, 3))) return tl::unexpected(WireError::malformed);
  return UrbCancel{AttachmentId{header->load<std::uint8_t, 0>()},
                   TransactionId{header->load<std::uint64_t, 4>()}};
}

}  // namespace usbgw::wire

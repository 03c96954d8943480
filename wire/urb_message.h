// Control, bulk and interrupt-OUT URBs on the control channel: a fixed codec (protobuf would copy
// the payload). Every UrbSubmit is answered by exactly one UrbReply, cancelled or not.
//
// UrbSubmit   0 u8 attachment | 1 u8 bEndpointAddress | 2 u8 transfer type | 3 u8 flags
//             4 u64 transaction | 12 u32 transfer length | 16 u8[8] setup as on the bus
//             24 OUT data
// UrbReply    0 u8 attachment | 1 u8[3] zero | 4 u64 transaction | 12 s32 status
//             16 u32 actual length | 20 IN data
// UrbCancel   0 u8 attachment | 1 u8[3] zero | 4 u64 transaction
// (network byte order; setup little-endian)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/usb.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kMaxUrbBytes = std::size_t{1} << 20;  // storage drivers reach 1 MiB
inline constexpr std::size_t kUrbSubmitFixed = 24;
inline constexpr std::size_t kUrbReplyFixed = 20;
inline constexpr std::size_t kUrbCancelBytes = 12;

struct UrbSubmit {
  AttachmentId attachment;
  TransactionId transaction;
  EndpointAddress endpoint;
  TransferType type = TransferType::control;
  bool short_not_ok = false;    // flags bit 0
  bool zero_packet = false;     // flags bit 1
  SetupPacket setup;            // control only, else zero
  std::uint32_t length = 0;     // transfer_buffer_length
  std::vector<std::byte> data;  // OUT: exactly `length` bytes; IN: empty
};

struct UrbReply {
  AttachmentId attachment;
  TransactionId transaction;
  UrbStatus status = UrbStatus::ok;
  std::uint32_t actual = 0;
  std::vector<std::byte> data;  // IN: exactly `actual` bytes; OUT: empty
};

struct UrbCancel {
  AttachmentId attachment;
  TransactionId transaction;
};

[[nodiscard]] std::vector<std::byte> encode(const UrbSubmit& submit);
[[nodiscard]] std::vector<std::byte> encode(const UrbReply& reply);
[[nodiscard]] std::vector<std::byte> encode(const UrbCancel& cancel);
// Refuse lengths above kMaxUrbBytes, data that disagrees with length/actual, unknown types and
// flags.
[[nodiscard]] WireResult<UrbSubmit> decode_urb_submit(std::span<const std::byte> bytes);
[[nodiscard]] WireResult<UrbReply> decode_urb_reply(std::span<const std::byte> bytes);
[[nodiscard]] WireResult<UrbCancel> decode_urb_cancel(std::span<const std::byte> bytes);

}  // namespace usbgw::wire

// USB vocabulary that the wire, both USB sides and the configuration share.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/ids.h"

namespace usbgw {

// Values of the kernel's enum usb_device_speed, as vhci's attach file and USB/IP use them.
enum class Speed : std::uint8_t { low = 1, full = 2, high = 3, super = 5, super_plus = 6 };

// Values of bmAttributes bits 1..0.
enum class TransferType : std::uint8_t { control = 0, isochronous = 1, bulk = 2, interrupt = 3 };

enum class Direction : std::uint8_t { out = 0, in = 1 };

// bEndpointAddress: bit 7 set for IN, number in bits 3..0.
class EndpointAddress {
 public:
  constexpr EndpointAddress() = default;
  constexpr explicit EndpointAddress(std::uint8_t address) : address_(address) {}
  constexpr EndpointAddress(std::uint8_t number, Direction direction)
      : address_(
            static_cast<std::uint8_t>((number & 0x0F) | (direction == Direction::in ? 0x80 : 0))) {}
  [[nodiscard]] constexpr std::uint8_t value() const { return address_; }
  [[nodiscard]] constexpr std::uint8_t number() const { return address_ & 0x0F; }
  [[nodiscard]] constexpr bool is_in() const { return (address_ & 0x80) != 0; }
  [[nodiscard]] constexpr Direction direction() const {
    return is_in() ? Direction::in : Direction::out;
  }
  constexpr auto operator<=>(const EndpointAddress&) const = default;

 private:
  std::uint8_t address_ = 0;
};

[[nodiscard]] constexpr StreamId stream_of(AttachmentId attachment, EndpointAddress endpoint) {
  return StreamId{static_cast<std::uint16_t>(attachment.value() << 8 | endpoint.value())};
}
[[nodiscard]] constexpr AttachmentId attachment_of(StreamId stream) {
  return AttachmentId{static_cast<std::uint8_t>(stream.value() >> 8)};
}
[[nodiscard]] constexpr EndpointAddress endpoint_of(StreamId stream) {
  return EndpointAddress{static_cast<std::uint8_t>(stream.value() & 0xFF)};
}

// USB 2.0, table 9-2, host byte order.
struct SetupPacket {
  std::uint8_t request_type = 0;
  std::uint8_t request = 0;
  std::uint16_t value = 0;
  std::uint16_t index = 0;
  std::uint16_t length = 0;
  [[nodiscard]] constexpr bool is_in() const { return (request_type & 0x80) != 0; }
  bool operator==(const SetupPacket&) const = default;
};

// URB and isochronous packet status: negative Linux errno values, as USB/IP carries them
// (Documentation/driver-api/usb/error-codes.rst). A peer may send others; they pass as values.
enum class UrbStatus : std::int32_t {
  ok = 0,
  not_found = -2,           // -ENOENT: killed synchronously
  cross_device = -18,       // -EXDEV: isochronous packet not (wholly) transferred in time
  no_device = -19,          // -ENODEV
  stall = -32,              // -EPIPE
  timer_expired = -62,      // -ETIME
  protocol_error = -71,     // -EPROTO
  overflow = -75,           // -EOVERFLOW: babble
  crc_error = -84,          // -EILSEQ
  connection_reset = -104,  // -ECONNRESET: unlinked asynchronously
  shutdown = -108,          // -ESHUTDOWN
  remote_io = -121,         // -EREMOTEIO: short read with SHORT_NOT_OK
};

[[nodiscard]] std::string_view to_string(Speed speed);
[[nodiscard]] std::string_view to_string(TransferType type);

}  // namespace usbgw

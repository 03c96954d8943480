// What a source symbol of an interrupt stream contains: one report of a polled IN endpoint
// (interrupt, or bulk of a MIDI interface).
//
// offset  type  field                               (network byte order)
//  0      s32   URB status (common/usb.h UrbStatus)
//  4      payload: the report's bytes
#pragma once

#include <span>

#include "common/usb.h"
#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::size_t kInterruptFixed = 4;

struct InterruptBody {
  UrbStatus status = UrbStatus::ok;
  std::span<const std::byte> payload;
  [[nodiscard]] static WireResult<InterruptBody> decode(std::span<const std::byte> bytes);
};

[[nodiscard]] WireResult<std::size_t> encode(const InterruptBody& body, std::span<std::byte> to);

}  // namespace usbgw::wire

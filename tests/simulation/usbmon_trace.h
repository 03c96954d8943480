// What the real sound driver submitted under stock usbip, as tests/vm/guest/usbmon_trace.py wrote
// it down (its head has the format): traces/*.txt here, or new ones of the guest scenario `usbmon`.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/usb.h"

namespace usbgw::simulation {

struct TracePacket {
  std::uint32_t length = 0;  // S: requested; C: what came
  UrbStatus status = UrbStatus::ok;
  bool operator==(const TracePacket&) const = default;
};

struct TraceStep {
  enum class Kind : std::uint8_t { submitted, completed, prepared, triggered, written };
  Kind kind = Kind::submitted;
  std::size_t line = 0;
  EndpointAddress endpoint;
  std::vector<TracePacket> packets;
  std::uint32_t value = 0;  // C: of a feedback packet; W: bytes
};

struct UsbmonTrace {
  std::string device;  // of the software devices
  bool is_playback = false;
  std::uint32_t rate = 0;
  std::uint32_t period_frames = 0;
  std::uint32_t periods = 0;
  std::vector<TraceStep> steps;
};

// Errors name the line.
[[nodiscard]] Result<UsbmonTrace> parse_usbmon_trace(const std::string& text);
[[nodiscard]] Result<UsbmonTrace> read_usbmon_trace(const std::string& path);

}  // namespace usbgw::simulation

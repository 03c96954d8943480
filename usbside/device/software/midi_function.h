// USB-MIDI 1.0, one port each way. Both directions carry pitch bends that count: message k is
// status 0xE0 + (k >> 14 & 15), data k & 127, data k >> 7 & 127; k wraps at 2^18.
#pragma once

#include "usbside/device/software/descriptor_builder.h"
#include "usbside/device/software/device_options.h"
#include "usbside/device/software/function.h"
#include "usbside/device/software/paced_script.h"

namespace usbgw::device::software {

inline constexpr EndpointAddress kMidiOut{0x01};
inline constexpr EndpointAddress kMidiIn{0x81};
inline constexpr std::uint32_t kMidiCounts = 1u << 18;

struct MidiOutCounters {
  std::uint64_t messages = 0;
  std::uint64_t missing = 0;
  std::uint64_t repeated = 0;
  std::uint64_t altered = 0;  // anything but a pitch bend
};

class MidiFunction final : public Function {
 public:
  MidiFunction(const DeviceOptions& options, const Identity& identity);

  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] Handshake control(const SetupPacket&, std::span<std::byte>, Instant) override {
    return Handshake::stall();
  }
  [[nodiscard]] Handshake data_in(EndpointAddress endpoint, std::span<std::byte> room,
                                  Instant now) override;
  [[nodiscard]] Handshake data_out(EndpointAddress endpoint, std::span<const std::byte> packet,
                                   Instant now) override;
  [[nodiscard]] Instant ready_at(EndpointAddress endpoint) const override;
  [[nodiscard]] std::string statistics() const override;
  [[nodiscard]] std::string summary() const override;
  [[nodiscard]] const MidiOutCounters& out() const { return out_; }
  [[nodiscard]] std::uint64_t given() const { return script_.given(); }

 private:
  void hear(std::span<const std::byte, 4> event);

  Description description_;
  PacedScript script_;
  MidiOutCounters out_;
  std::uint32_t expected_ = 0;
};

}  // namespace usbgw::device::software

// Isochronous source at the most that high speed carries: 3 x 1024 bytes a microframe, vendor
// class. Alternate setting 1 has the endpoint. Each packet: u64 number of its interval since the
// stream began (little endian), then bytes that are the low byte of number + place.
#pragma once

#include "usbside/device/software/descriptor_builder.h"
#include "usbside/device/software/device_options.h"
#include "usbside/device/software/function.h"

namespace usbgw::device::software {

inline constexpr EndpointAddress kVideoIn{0x81};
inline constexpr std::size_t kVideoPacket = 3072;

class VideoFunction final : public Function {
 public:
  explicit VideoFunction(const Identity& identity);

  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] Handshake control(const SetupPacket&, std::span<std::byte>, Instant) override {
    return Handshake::stall();
  }
  void iso_start(EndpointAddress, ServiceInterval interval) override;
  [[nodiscard]] std::size_t iso_in(EndpointAddress, std::span<std::byte> room,
                                   ServiceInterval interval) override;
  void iso_starved(EndpointAddress, ServiceInterval) override { ++pending_; }
  [[nodiscard]] std::string statistics() const override;
  [[nodiscard]] std::string summary() const override;

 private:
  Description description_;
  std::int64_t began_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t pending_ = 0;  // starved intervals, until the stream goes on
  std::uint64_t starved_ = 0;
};

}  // namespace usbgw::device::software

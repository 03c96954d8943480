// Vendor device that counts, for everything that must neither lose nor repeat a byte: bulk and
// interrupt endpoints each way carry the byte counter (byte_counter.h), IN as fast as asked for or
// at a pace.
//
// Vendor requests: 0x40 / 1: start all four streams anew. 0xC0 / 2: 64 bytes, little-endian u64:
// bulk sent, bulk received, lost, repeated, interrupt sent, received, lost, repeated.
#pragma once

#include "usbside/device/software/byte_counter.h"
#include "usbside/device/software/descriptor_builder.h"
#include "usbside/device/software/device_options.h"
#include "usbside/device/software/function.h"

namespace usbgw::device::software {

inline constexpr EndpointAddress kCounterBulkIn{0x81};
inline constexpr EndpointAddress kCounterBulkOut{0x02};
inline constexpr EndpointAddress kCounterInterruptIn{0x83};
inline constexpr EndpointAddress kCounterInterruptOut{0x04};
inline constexpr std::uint8_t kCounterRestart = 1;
inline constexpr std::uint8_t kCounterRead = 2;

class CounterFunction final : public Function {
 public:
  CounterFunction(const DeviceOptions& options, const Identity& identity);

  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] Handshake control(const SetupPacket& setup, std::span<std::byte> data,
                                  Instant now) override;
  [[nodiscard]] Handshake data_in(EndpointAddress endpoint, std::span<std::byte> room,
                                  Instant now) override;
  [[nodiscard]] Handshake data_out(EndpointAddress endpoint, std::span<const std::byte> packet,
                                   Instant now) override;
  [[nodiscard]] Instant ready_at(EndpointAddress endpoint) const override;
  [[nodiscard]] std::string statistics() const override;
  [[nodiscard]] std::string summary() const override;

 private:
  struct Stream {
    ByteCounter sent;
    ByteJudge judge;
    bool has_begun = false;
    Instant begin{};
  };
  [[nodiscard]] Stream& stream(EndpointAddress endpoint) {
    return endpoint.number() <= 2 ? bulk_ : interrupt_;
  }
  [[nodiscard]] Instant due(const Stream& stream) const;

  Description description_;
  std::uint64_t bytes_per_second_;
  Stream bulk_;
  Stream interrupt_;
};

}  // namespace usbgw::device::software

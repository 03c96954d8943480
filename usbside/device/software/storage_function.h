// USB mass storage, bulk-only transport (usbmassbulk_10): command block wrappers in, data, status
// wrappers out, over one ScsiDisk.
#pragma once

#include <array>
#include <cstdint>

#include "usbside/device/software/descriptor_builder.h"
#include "usbside/device/software/device_options.h"
#include "usbside/device/software/function.h"
#include "usbside/device/software/scsi_disk.h"

namespace usbgw::device::software {

inline constexpr EndpointAddress kStorageIn{0x81};
inline constexpr EndpointAddress kStorageOut{0x02};

class StorageFunction final : public Function {
 public:
  StorageFunction(DiskImage image, const Identity& identity);

  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] Handshake control(const SetupPacket& setup, std::span<std::byte> data,
                                  Instant now) override;
  void clear_halt(EndpointAddress endpoint) override;
  [[nodiscard]] Handshake data_in(EndpointAddress endpoint, std::span<std::byte> room,
                                  Instant now) override;
  [[nodiscard]] Handshake data_out(EndpointAddress endpoint, std::span<const std::byte> packet,
                                   Instant now) override;
  [[nodiscard]] Instant ready_at(EndpointAddress endpoint) const override;
  [[nodiscard]] std::string statistics() const override;
  [[nodiscard]] std::string summary() const override;

 private:
  enum class Phase : std::uint8_t {
    command,  // waits for a wrapper
    data_in,
    data_out,
    stall_in,  // there is less data than the host wants: the next IN is refused
    status,
    broken,  // after an invalid wrapper, until the reset recovery
  };
  [[nodiscard]] bool begin_command(std::span<const std::byte> wrapper);
  [[nodiscard]] std::size_t write_status(std::span<std::byte> room);

  Description description_;
  ScsiDisk disk_;
  Phase phase_ = Phase::command;
  ScsiResult result_;
  std::uint32_t tag_ = 0;
  std::uint32_t wanted_ = 0;  // dCBWDataTransferLength
  std::uint32_t moved_ = 0;   // bytes of the data phase so far
  std::uint32_t useful_ = 0;  // of those, what the command used
};

}  // namespace usbgw::device::software

// Chapter 9 of USB 2.0 for a device with one configuration: descriptors, configuration, alternate
// settings. Halts are the bus's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "usbside/device/software/function.h"

namespace usbgw::device::software {

class StandardRequests {
 public:
  explicit StandardRequests(const Description& description);

  // Requests that read: descriptors, status, configuration, interface. Stall: not answerable.
  [[nodiscard]] Handshake read(const SetupPacket& setup, std::span<std::byte> room,
                               bool is_halted) const;

  [[nodiscard]] bool select_configuration(std::uint8_t value);
  [[nodiscard]] bool select_interface(std::uint8_t interface, std::uint8_t alternate);
  [[nodiscard]] std::uint8_t configuration() const { return configuration_; }
  [[nodiscard]] std::uint8_t alternate(std::uint8_t interface) const {
    return interface < alternates_.size() ? alternates_[interface] : 0;
  }

 private:
  [[nodiscard]] std::vector<std::byte> descriptor(std::uint8_t type, std::uint8_t index) const;

  const Description& description_;
  std::uint8_t configuration_ = 0;
  std::vector<std::uint8_t> alternates_;
};

}  // namespace usbgw::device::software

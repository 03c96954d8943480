// What Linux tells about a USB device without opening it. The root of the file system is an
// argument, so that tests can have one of their own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "usbside/device/usb_device.h"

namespace usbgw::device {

// `name`: the kernel's, "1-2.4".
class UsbSysfs {
 public:
  explicit UsbSysfs(std::string name, std::filesystem::path root = "/");

  // Strings, descriptors and the active configuration; nothing when the descriptors cannot be read.
  [[nodiscard]] bool read_into(DeviceInfo& info) const;
  // The kernel driver that keeps this interface of the active configuration; empty: none.
  [[nodiscard]] std::string driver_of(std::uint8_t configuration, std::uint8_t interface) const;

 private:
  [[nodiscard]] std::string text(const char* attribute) const;

  std::string name_;
  std::filesystem::path folder_;
};

// Device descriptor and configurations, as the kernel lists them one after another.
struct RawDescriptors {
  std::vector<std::byte> device;
  std::vector<std::vector<std::byte>> configurations;
};
[[nodiscard]] std::optional<RawDescriptors> split_descriptors(std::vector<std::byte> bytes);

// "qemu (pid 123)" for a process other than this one that has `node` open; nothing when there is
// none or it may not be seen.
[[nodiscard]] std::optional<std::string> process_holding(const std::string& node,
                                                         const std::filesystem::path& root = "/");

}  // namespace usbgw::device

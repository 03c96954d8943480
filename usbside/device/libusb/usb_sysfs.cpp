#include "usbside/device/libusb/usb_sysfs.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "common/byte_order.h"
#include "wire/descriptors.h"
#include "wire/text.h"

namespace usbgw::device {
namespace fs = std::filesystem;
namespace {

// Strings of the device are a stranger's: one line, printable.
std::string cleaned(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return wire::make_printable(text, text.size());
}

std::vector<std::byte> read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::byte> bytes;
  for (char c = 0; in.get(c);) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

}  // namespace

UsbSysfs::UsbSysfs(std::string name, fs::path root)
    : name_(std::move(name)), folder_(root / "sys/bus/usb/devices" / name_) {}

std::string UsbSysfs::text(const char* attribute) const {
  std::ifstream in(folder_ / attribute);
  std::string line;
  std::getline(in, line);
  return cleaned(line);
}

bool UsbSysfs::read_into(DeviceInfo& info) const {
  auto raw = split_descriptors(read_bytes(folder_ / "descriptors"));
  if (!raw) return false;
  const auto device = wire::parse_device_descriptor(raw->device);
  if (!device) return false;
  info.vendor_id = device->vendor_id;
  info.product_id = device->product_id;
  info.device_descriptor = std::move(raw->device);
  info.configuration_descriptors = std::move(raw->configurations);
  info.serial = text("serial");
  info.manufacturer = text("manufacturer");
  info.product = text("product");
  info.active_configuration =
      static_cast<std::uint8_t>(std::atoi(text("bConfigurationValue").c_str()));
  return true;
}

std::string UsbSysfs::driver_of(std::uint8_t configuration, std::uint8_t interface) const {
  const std::string child =
      name_ + ":" + std::to_string(configuration) + "." + std::to_string(interface);
  std::error_code error;
  return fs::read_symlink(folder_ / child / "driver", error).filename().string();
}

std::optional<RawDescriptors> split_descriptors(std::vector<std::byte> bytes) {
  if (bytes.size() < wire::kDeviceDescriptorBytes) return std::nullopt;
  RawDescriptors raw;
  const auto split = bytes.begin() + static_cast<std::ptrdiff_t>(wire::kDeviceDescriptorBytes);
  raw.device.assign(bytes.begin(), split);
  std::span<const std::byte> rest(bytes);
  rest = rest.subspan(wire::kDeviceDescriptorBytes);
  while (rest.size() >= 4) {
    const std::size_t total = load_le<std::uint16_t>(rest.data() + 2);
    if (total < 9 || total > rest.size()) break;
    raw.configurations.emplace_back(rest.begin(),
                                    rest.begin() + static_cast<std::ptrdiff_t>(total));
    rest = rest.subspan(total);
  }
  return raw;
}

std::optional<std::string> process_holding(const std::string& node, const fs::path& root) {
  std::error_code error;
  const std::string self = std::to_string(getpid());
  for (const auto& process : fs::directory_iterator(root / "proc", error)) {
    const std::string pid = process.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos || pid == self) continue;
    std::error_code closed;
    for (const auto& file : fs::directory_iterator(process.path() / "fd", closed)) {
      std::error_code gone;
      if (fs::read_symlink(file.path(), gone) != node) continue;
      std::ifstream in(process.path() / "comm");
      std::string name;
      std::getline(in, name);
      return cleaned(name) + " (pid " + pid + ")";
    }
  }
  return std::nullopt;
}

}  // namespace usbgw::device

#include "app/device_nodes.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

namespace usbgw::app {
namespace {

namespace fs = std::filesystem;

// Documentation/ABI/stable/sysfs-bus-usb: each attribute is one line.
std::string attribute(const fs::path& device, const char* name) {
  std::ifstream file(device / name);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<unsigned> number(const std::string& text, int base) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_meant(const config::DeviceSelector& wanted, const fs::path& device) {
  const auto vendor = number(attribute(device, "idVendor"), 16);
  const auto product = number(attribute(device, "idProduct"), 16);
  return vendor && product &&
         wanted.matches(static_cast<std::uint16_t>(*vendor), static_cast<std::uint16_t>(*product),
                        attribute(device, "serial"));
}

}  // namespace

std::vector<DeviceNode> exported_nodes(const config::Document& document, const std::string& root) {
  std::vector<DeviceNode> nodes;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root + "/sys/bus/usb/devices", ignored)) {
    const auto bus = number(attribute(entry.path(), "busnum"), 10);
    const auto address = number(attribute(entry.path(), "devnum"), 10);
    if (!bus || !address) continue;  // an interface
    for (const config::ExportEntry& exported : document.exports) {
      if (!is_meant(*exported.device, entry.path())) continue;
      std::array<char, 32> path{};
      std::snprintf(path.data(), path.size(), "/dev/bus/usb/%03u/%03u", *bus, *address);
      nodes.push_back({exported.device->to_string(), root + path.data()});
    }
  }
  return nodes;
}

}  // namespace usbgw::app

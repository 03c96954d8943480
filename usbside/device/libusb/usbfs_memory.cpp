#include "usbside/device/libusb/usbfs_memory.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "usbside/device/device_stream.h"
#include "usbside/device/urb_queue.h"

namespace usbgw::device {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

std::size_t ring_bytes(const wire::Endpoint& endpoint, Speed speed, const StreamTuning& tuning) {
  if (endpoint.type != TransferType::isochronous) return 0;
  const Duration ring = endpoint.address.is_in() ? tuning.in_ring : tuning.out_ahead;
  const auto shape = shape_of(service_interval(endpoint, speed), tuning.transfer, ring, 4);
  return shape.transfers * shape.intervals * endpoint.interval_bytes;
}

}  // namespace

std::size_t usbfs_need(const DeviceInfo& info, const StreamTuning& tuning) {
  std::size_t most = 0;
  for (const auto& bytes : info.configuration_descriptors) {
    const auto configuration = wire::parse_configuration(bytes, info.speed);
    if (!configuration) continue;
    std::map<std::uint8_t, std::size_t> widest;  // by interface
    for (const auto& setting : configuration->alternates) {
      std::size_t rings = 0;
      for (const auto& endpoint : setting.endpoints)
        rings += ring_bytes(endpoint, info.speed, tuning);
      widest[setting.interface] = std::max(widest[setting.interface], rings);
    }
    std::size_t sum = 0;
    for (const auto& [interface, rings] : widest) sum += rings;
    most = std::max(most, sum);
  }
  return most + kMaxBytesAtDevice;
}

std::optional<std::size_t> usbfs_memory_mb(const char* file) {
  std::ifstream in(file);
  std::size_t value = 0;
  if (!(in >> value)) return std::nullopt;
  return value;
}

std::optional<std::string> usbfs_memory_warning(std::size_t need,
                                                std::optional<std::size_t> limit_mb) {
  if (!limit_mb || *limit_mb == 0 || need <= *limit_mb * kMebibyte) return std::nullopt;
  const std::size_t wanted = (need + kMebibyte - 1) / kMebibyte;
  return "usbfs_memory_mb is " + std::to_string(*limit_mb) + " and this device may need " +
         std::to_string(wanted) + ": transfers will be refused; raise it with 'echo " +
         std::to_string(2 * wanted) + " > " + kUsbfsMemoryFile +
         "' or usbcore.usbfs_memory_mb on the kernel's command line";
}

}  // namespace usbgw::device

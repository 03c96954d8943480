#include "usbside/device/software/software_provider.h"

#include "usbside/device/software/catalogue.h"
#include "usbside/device/software/software_device.h"

namespace usbgw::device::software {
namespace {

std::string id_of(const DeviceOptions& options) {
  return "software:" + options.name;
}

}  // namespace

std::vector<PresentDevice> SoftwareProvider::list() {
  std::vector<PresentDevice> all;
  for (const DeviceOptions& each : devices_) {
    const auto function = make_function(each);
    if (function) all.push_back(present(each, **function));
  }
  return all;
}

Result<std::unique_ptr<UsbDevice>> SoftwareProvider::open(const PresentDevice& device) {
  for (const DeviceOptions& each : devices_) {
    if (id_of(each) != device.id) continue;
    auto function = make_function(each);
    if (!function) return tl::unexpected(function.error());
    return std::make_unique<SoftwareDevice>(std::move(*function), each.bus_ppm, device.id);
  }
  return fail(ErrorCode::not_found, "no device '" + device.id + "' is configured");
}

}  // namespace usbgw::device::software

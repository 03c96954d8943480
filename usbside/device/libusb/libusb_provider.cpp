#include "usbside/device/libusb/libusb_provider.h"

#include <libusb-1.0/libusb.h>

#include <algorithm>
#include <array>

#include "usbside/device/libusb/libusb_device.h"
#include "usbside/device/libusb/open_error.h"
#include "usbside/device/libusb/usb_selector.h"
#include "usbside/device/libusb/usb_sysfs.h"
#include "wire/descriptors.h"

namespace usbgw::device {
namespace {

constexpr std::uint8_t kHubClass = 9;

Speed speed_of(libusb_device* device) {
  switch (libusb_get_device_speed(device)) {
    case LIBUSB_SPEED_LOW:
      return Speed::low;
    case LIBUSB_SPEED_HIGH:
      return Speed::high;
    case LIBUSB_SPEED_SUPER:
      return Speed::super;
    case LIBUSB_SPEED_SUPER_PLUS:
      return Speed::super_plus;
    default:
      return Speed::full;
  }
}

// "2.4"; empty for a root hub.
std::string ports_of(libusb_device* device) {
  std::array<std::uint8_t, 8> ports{};
  const int count = libusb_get_port_numbers(device, ports.data(), static_cast<int>(ports.size()));
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i > 0 ? "." : "") + std::to_string(ports[static_cast<std::size_t>(i)]);
  return text;
}

PresentDevice present(const DeviceInfo& info) {
  PresentDevice device;
  device.id = usb_id(info.vendor_id, info.product_id, info.serial);
  device.vendor_id = info.vendor_id;
  device.product_id = info.product_id;
  device.serial = info.serial;
  device.manufacturer = info.manufacturer;
  device.product = info.product;
  device.location = info.location;
  device.speed = info.speed;
  device.interface_classes = interface_classes(info.configuration_descriptors, info.speed);
  return device;
}

// An interface that another process has claimed is not taken from it.
std::optional<Error> find_holder(const DeviceInfo& info, const std::string& sysfs_name,
                                 const BusAddress& at) {
  const UsbSysfs sysfs(sysfs_name);
  for (unsigned interface = 0; interface < 32; ++interface) {
    const auto driver =
        sysfs.driver_of(info.active_configuration, static_cast<std::uint8_t>(interface));
    if (driver != "usbfs") continue;
    const auto holder = process_holding(device_node(at));
    return Error{ErrorCode::busy, "USB device " +
                                      usb_id(info.vendor_id, info.product_id, info.serial) +
                                      " at " + info.location + ": in use by " +
                                      holder.value_or("another process") + "; stop it first"};
  }
  return std::nullopt;
}

struct Scanned {
  DeviceInfo info;
  BusAddress at;
  std::string sysfs_name;
};

class Provider final : public LibusbProvider {
 public:
  Provider(libusb_context* context, const Clock& clock) : context_(context), clock_(clock) {
    has_hotplug_ = libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) != 0;
    if (!has_hotplug_) return;
    const int events = LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT;
    has_hotplug_ = libusb_hotplug_register_callback(
                       context_, events, 0, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
                       LIBUSB_HOTPLUG_MATCH_ANY, &on_hotplug, this, nullptr) == LIBUSB_SUCCESS;
  }
  ~Provider() override { libusb_exit(context_); }

  std::vector<PresentDevice> list() override {
    std::vector<PresentDevice> devices;
    for (const auto& scanned : scan()) devices.push_back(present(scanned.info));
    return devices;
  }

  bool has_changed() override {
    if (!has_hotplug_) return true;
    timeval zero{0, 0};
    static_cast<void>(libusb_handle_events_timeout_completed(context_, &zero, nullptr));
    return std::exchange(changed_, false);
  }

  Result<std::unique_ptr<UsbDevice>> open(const PresentDevice& wanted) override {
    for (auto& scanned : scan())
      if (scanned.info.location == wanted.location && present(scanned.info).id == wanted.id)
        return open(std::move(scanned));
    return fail(ErrorCode::not_found,
                "USB device " + wanted.id + " at " + wanted.location + ": not plugged in");
  }

  Result<std::unique_ptr<UsbDevice>> open(std::string_view text) override {
    const auto selector = UsbSelector::parse(text);
    if (!selector)
      return fail(ErrorCode::invalid_argument,
                  "'" + std::string(text) + "' is no USB device: write vid:pid or vid:pid:serial");
    auto all = scan();
    std::erase_if(all, [&](const auto& s) { return !selector->matches(present(s.info)); });
    if (all.empty())
      return fail(ErrorCode::not_found, "USB device " + std::string(text) + ": not plugged in");
    if (all.size() > 1)
      return fail(ErrorCode::invalid_argument,
                  "USB device " + std::string(text) + ": " + std::to_string(all.size()) +
                      " of them are plugged in; add the serial number");
    return open(std::move(all.front()));
  }

 private:
  static int on_hotplug(libusb_context*, libusb_device*, libusb_hotplug_event, void* provider) {
    static_cast<Provider*>(provider)->changed_ = true;
    return 0;
  }

  Result<std::unique_ptr<UsbDevice>> open(Scanned&& scanned) {
    if (auto holder = find_holder(scanned.info, scanned.sysfs_name, scanned.at))
      return tl::unexpected(std::move(*holder));
    return open_libusb_device(scanned.at, std::move(scanned.info), clock_);
  }

  std::vector<Scanned> scan() {
    std::vector<Scanned> found;
    libusb_device** list = nullptr;
    const auto count = libusb_get_device_list(context_, &list);
    for (ssize_t i = 0; i < count; ++i)
      if (auto scanned = look_at(list[i])) found.push_back(std::move(*scanned));
    if (count >= 0) libusb_free_device_list(list, 1);
    return found;
  }

  static std::optional<Scanned> look_at(libusb_device* device) {
    libusb_device_descriptor descriptor;
    const std::string ports = ports_of(device);
    if (libusb_get_device_descriptor(device, &descriptor) != LIBUSB_SUCCESS || ports.empty() ||
        descriptor.bDeviceClass == kHubClass)
      return std::nullopt;
    Scanned scanned;
    scanned.at = {libusb_get_bus_number(device), libusb_get_device_address(device)};
    scanned.sysfs_name = std::to_string(scanned.at.bus) + "-" + ports;
    scanned.info.speed = speed_of(device);
    scanned.info.location = "bus " + std::to_string(scanned.at.bus) + " port " + ports;
    if (!UsbSysfs(scanned.sysfs_name).read_into(scanned.info)) return std::nullopt;
    return scanned;
  }

  libusb_context* context_;
  const Clock& clock_;
  bool has_hotplug_ = false;
  bool changed_ = true;  // the first look is always due
};

}  // namespace

Result<std::unique_ptr<LibusbProvider>> make_libusb_provider(const Clock& clock) {
  libusb_context* context = nullptr;
  const int error = libusb_init(&context);
  if (error != LIBUSB_SUCCESS)
    return fail(ErrorCode::unavailable, std::string("libusb does not start: ") +
                                            libusb_error_name(error) +
                                            "; is /dev/bus/usb mounted?");
  return std::make_unique<Provider>(context, clock);
}

}  // namespace usbgw::device

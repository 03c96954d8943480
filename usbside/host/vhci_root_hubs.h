// The devices that the kernel still has on the root hubs of one vhci controller, from sysfs.
//
// A port's status says free (004) as soon as vhci has let go of its connection
// (drivers/usb/usbip/vhci_hcd.c: vhci_device_reset). The hub's thread takes the device away after
// that (drivers/usb/core/hub.c: usb_disconnect), and until then its drivers' URBs go to whoever has
// the port.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>

namespace usbgw::host {

class VhciRootHubs {
 public:
  // As /sys/devices/platform/vhci_hcd.0; a hub that is not there has no devices.
  explicit VhciRootHubs(const std::filesystem::path& controller);

  // `index`: of the port on its hub, from 0.
  [[nodiscard]] bool has_device(bool superspeed, std::size_t index) const;

 private:
  std::array<std::filesystem::path, 2> hubs_;  // high speed, superspeed
};

}  // namespace usbgw::host

// The machine's virtual host controller ports, or the simulation's model of them. Control thread;
// no call waits: enumeration needs the very threads that would be waited for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/usb.h"
#include "usbside/host/vhci_socket.h"

namespace usbgw::host {

// Flat number of a vhci port, as the attach and detach files take it.
using VhciPort = Strong<struct VhciPortTag, std::uint32_t>;

enum class VhciPortState : std::uint8_t {
  free,      // 004, and the kernel has no device there
  leaving,   // 004, but the kernel has not yet taken the last device away
  attached,  // 005: a device is plugged in, without an address yet
  used,      // 006: the kernel has given it an address
  error,     // 007, or a value that this build does not know
};

struct VhciPortStatus {
  VhciPort port;
  bool superspeed = false;
  VhciPortState state = VhciPortState::free;
};

class VhciPorts {
 public:
  virtual ~VhciPorts() = default;

  struct Attached {
    VhciPort port;
    std::unique_ptr<VhciSocket> socket;  // serve it at once: the kernel starts to enumerate
  };
  // Plugs a device into a free port of the hub for its speed (or into `wanted`). Attach one at a
  // time: wait until state() is `used` (or give up) before the next, or two enumerations disturb
  // each other. Errors: busy (the port is in use, or `leaving`), exhausted (none is free),
  // unavailable (vhci_hcd is not loaded, or no right).
  [[nodiscard]] virtual Result<Attached> attach(Speed speed, std::optional<VhciPort> wanted) = 0;
  [[nodiscard]] virtual Result<VhciPortState> state(VhciPort port) const = 0;
  // Unplugs; state() becomes `free` later.
  [[nodiscard]] virtual Result<void> detach(VhciPort port) = 0;
  [[nodiscard]] virtual Result<std::vector<VhciPortStatus>> list() const = 0;
};

}  // namespace usbgw::host

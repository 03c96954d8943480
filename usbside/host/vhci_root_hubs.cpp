#include "usbside/host/vhci_root_hubs.h"

#include <fstream>
#include <string>

namespace usbgw::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBus = "usb";
constexpr unsigned kSuperspeedMbit = 5000;

unsigned megabits_of(const fs::path& device) {
  unsigned megabits = 0;
  std::ifstream(device / "speed") >> megabits;
  return megabits;
}

}  // namespace

VhciRootHubs::VhciRootHubs(const fs::path& controller) {
  std::error_code error;
  for (fs::directory_iterator entry(controller, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(kBus)) continue;
    const unsigned megabits = megabits_of(entry->path());
    if (megabits > 0) hubs_.at(megabits >= kSuperspeedMbit ? 1 : 0) = entry->path();
  }
}

// Port 1 of bus 3 has the device usb3/3-1.
bool VhciRootHubs::has_device(bool superspeed, std::size_t index) const {
  const fs::path& hub = hubs_.at(superspeed ? 1 : 0);
  if (hub.empty()) return false;
  const std::string bus = hub.filename().string().substr(kBus.size());
  std::error_code ignored;
  return fs::exists(hub / (bus + "-" + std::to_string(index + 1)), ignored);
}

}  // namespace usbgw::host

// A software device without the rest of usbgw, for guests and debugging:
//   softdevice NAME VHCI_PORT [STATISTICS_FILE [SECONDS [FAULT]]]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "app/softdevice_command.h"
#include "usbside/device/software/catalogue.h"

int main(int argc, char** argv) {
  namespace software = usbgw::device::software;
  usbgw::app::SoftdeviceOptions options;
  if (argc < 3) {
    std::fprintf(stderr, "usage: softdevice NAME VHCI_PORT [STATISTICS [SECONDS [FAULT]]]\n");
    for (const auto& each : software::device_names()) {
      std::fprintf(stderr, "  %-14s %s\n", std::string(each.name).c_str(),
                   std::string(each.what).c_str());
    }
    return 2;
  }
  options.device.name = argv[1];
  options.vhci_port = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
  if (argc > 3) options.statistics_file = argv[3];
  if (argc > 4) options.run_for = std::chrono::seconds(std::atoi(argv[4]));
  if (argc > 5) {
    const auto fault = software::parse_fault(argv[5]);
    if (!fault) {
      std::fprintf(stderr, "softdevice: %s\n", fault.error().context.c_str());
      return 2;
    }
    options.device.fault = *fault;
  }
  const auto result = usbgw::app::run_softdevice(options);
  if (result) return *result;
  std::fprintf(stderr, "softdevice: %s\n", result.error().context.c_str());
  return 1;
}

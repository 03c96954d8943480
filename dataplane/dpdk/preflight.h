// Looks before DPDK leaps: whether the machine has what a port needs, so that the answer is one
// clear line instead of DPDK's log. Reads only; control thread, at start.
#pragma once

#include <cstdint>
#include <filesystem>

#include "dataplane/dpdk/port_config.h"

namespace usbgw::dpdk {

// Where to look; tests point it at a made-up machine.
struct Machine {
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
  std::filesystem::path proc = "/proc";
};

[[nodiscard]] std::uint64_t free_hugepages(const Machine& machine = {});

[[nodiscard]] Result<void> preflight(const PortConfig& config, const Machine& machine = {});

}  // namespace usbgw::dpdk

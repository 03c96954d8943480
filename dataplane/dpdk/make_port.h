// Ports from their configuration. Control thread, after Eal::start() with the same configurations.
#pragma once

#include <memory>
#include <utility>

#include "dataplane/dpdk/dpdk_port.h"
#include "dataplane/dpdk/eal.h"

namespace usbgw::dpdk {

// Every type but ring. The port must be gone before the Eal.
[[nodiscard]] Result<std::unique_ptr<DpdkPort>> make_port(Eal& eal, const PortConfig& config);

// The two ends of a ring in this process; each may have its own packet worker.
using RingPair = std::pair<std::unique_ptr<DpdkPort>, std::unique_ptr<DpdkPort>>;
[[nodiscard]] Result<RingPair> make_ring_pair(Eal& eal, const PortConfig& first,
                                              const PortConfig& second);

}  // namespace usbgw::dpdk

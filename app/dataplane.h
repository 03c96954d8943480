// The dataplane of a node from its configuration: EAL and its one port, the two of a node with two
// paths, or the two ends of a ring.
#pragma once

#include <memory>
#include <vector>

#include "config/document.h"
#include "dataplane/dpdk/make_port.h"

namespace usbgw::app {

struct Dataplane {
  std::unique_ptr<dpdk::Eal> eal;
  // One port, or two for a ring: the agent's end, then the host's. Declared after the EAL that
  // they must not outlive.
  std::vector<std::unique_ptr<dpdk::DpdkPort>> ports;
  std::unique_ptr<dpdk::DpdkPort> second_path;  // none with a ring
};

[[nodiscard]] Result<Dataplane> start_dataplane(const config::Document& document);

}  // namespace usbgw::app

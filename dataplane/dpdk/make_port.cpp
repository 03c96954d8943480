#include "dataplane/dpdk/make_port.h"

#include <net/if.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <sys/socket.h>

#include "dataplane/dpdk/device_arguments.h"
#include "dataplane/dpdk/kernel_neighbours.h"
#include "dataplane/dpdk/kernel_socket.h"
#include "dataplane/dpdk/preflight.h"
#include "dataplane/dpdk/ring_pair.h"
#include "dataplane/dpdk/xdp_program.h"

namespace usbgw::dpdk {
namespace {

tl::unexpected<Error> refuse(Eal& eal, const PortConfig& config, const std::string& what) {
  const auto said = eal.take_log();
  return fail(ErrorCode::unavailable, "port " + config.spec.to_string() + ": " + what +
                                          (said.empty() ? "" : " (" + said + ")"));
}

Result<std::uint16_t> find_by_name(Eal& eal, const PortConfig& config, const std::string& name) {
  std::uint16_t port_id = 0;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &port_id) == 0) return port_id;
  return refuse(eal, config, "DPDK has no driver for this device");
}

Result<std::uint16_t> plug(Eal& eal, const PortConfig& config, const std::string& xdp_program) {
  const auto arguments = device_arguments(config, xdp_program);
  if (arguments.bus == "pci") return find_by_name(eal, config, arguments.driver);
  const std::string name = arguments.driver + std::to_string(eal.next_name());
  const int error =
      rte_eal_hotplug_add(arguments.bus.c_str(), name.c_str(), arguments.text.c_str());
  if (error != 0)
    return refuse(eal, config, std::string("DPDK cannot open it: ") + rte_strerror(-error));
  return find_by_name(eal, config, name);
}

Result<void> check(const PortConfig& config) {
  if (auto valid = validate(config); !valid) return valid;
  return preflight(config);
}

Result<std::unique_ptr<DpdkPort>> make_ring_end(Eal& eal, const PortConfig& config,
                                                RingPorts ring) {
  auto device = Device::start_ring(eal, config, ring.port_id, std::move(ring.end));
  if (!device) return tl::unexpected(device.error());
  return std::make_unique<DpdkPort>(config, std::move(*device), nullptr);
}

}  // namespace

Result<std::unique_ptr<DpdkPort>> make_port(Eal& eal, const PortConfig& config) {
  if (config.spec.type == PortType::ring)
    return fail(ErrorCode::invalid_argument,
                "port ring: both its ends are in one process, so both roles must be in this one");
  if (auto checked = check(config); !checked) return tl::unexpected(checked.error());
  const bool xdp = config.spec.type == PortType::af_xdp;
  auto program =
      xdp ? XdpProgram::make(config.spec.name, config.udp_port) : Result<XdpProgram>(XdpProgram());
  if (!program) return tl::unexpected(program.error());
  auto pool = make_pool("usbgw-pool" + std::to_string(eal.next_name()), pool_geometry(config));
  if (!pool)
    return refuse(eal, config, std::string("no memory for buffers: ") + rte_strerror(rte_errno));
  const SocketCensus census(xdp ? AF_XDP : AF_PACKET);
  const auto port_id = plug(eal, config, program->path());
  if (!port_id) return tl::unexpected(port_id.error());
  auto device = Device::start(eal, config, *port_id, std::move(pool));
  if (!device) return tl::unexpected(device.error());
  (*device)->keep(std::move(*program));
  if (xdp || config.spec.type == PortType::af_packet) (*device)->set_socket(census.newcomer());
  std::unique_ptr<KernelNeighbours> oracle;
  if (xdp) oracle = std::make_unique<KernelNeighbours>(::if_nametoindex(config.spec.name.c_str()));
  return std::make_unique<DpdkPort>(config, std::move(*device), std::move(oracle));
}

Result<RingPair> make_ring_pair(Eal& eal, const PortConfig& first, const PortConfig& second) {
  for (const auto* config : {&first, &second})
    if (auto valid = validate(*config); !valid) return tl::unexpected(valid.error());
  auto link = make_ring_link(eal, pool_geometry(first), pool_geometry(second));
  if (!link) return tl::unexpected(link.error());
  auto one = make_ring_end(eal, first, std::move(link->first));
  if (!one) return tl::unexpected(one.error());
  auto other = make_ring_end(eal, second, std::move(link->second));
  if (!other) return tl::unexpected(other.error());
  return RingPair{std::move(*one), std::move(*other)};
}

}  // namespace usbgw::dpdk

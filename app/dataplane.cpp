#include "app/dataplane.h"

#include "app/memif_socket.h"

namespace usbgw::app {
namespace {

// Link-local (RFC 3927): the two ends of a ring never leave the process.
IpNetwork ring_network(std::uint32_t host) {
  return {IpAddress::v4(0xA9FE4D00 | host), 30};
}

Result<dpdk::PortConfig> port_config(const config::DataplaneSection& section) {
  auto spec = dpdk::PortSpec::parse(*section.port);
  if (!spec) return tl::unexpected(spec.error());
  dpdk::PortConfig port;
  port.spec = std::move(*spec);
  for (const auto& network : section.addresses) port.networks.push_back(*network);
  for (const auto& gateway : section.gateways) port.gateways.push_back(*gateway);
  port.udp_port = *section.udp_port;
  port.mtu = *section.mtu;
  // The priority travels in the VLAN tag; without one there is nothing to carry it.
  const std::uint8_t pcp = *section.vlan == 0 ? std::uint8_t{0} : *section.pcp;
  port.marking = {*section.dscp, pcp, *section.vlan};
  return port;
}

// Where the user must look: the key that asked for what this machine cannot do.
tl::unexpected<Error> located(const config::Document& document, Error error) {
  const auto& second = document.second_path;
  const bool is_second = second && error.context.starts_with("port " + *second->port + ":");
  const config::DataplaneSection& section = is_second ? *second : document.dataplane;
  const bool is_port = error.context.starts_with("port ") || !*section.hugepages;
  const config::Location& at = is_port ? section.port.at : section.hugepages.at;
  error.context = at.to_string() + ": " + error.context;
  return tl::unexpected(std::move(error));
}

void make_way(const config::DataplaneSection& section) {
  const std::string socket = memif_server_socket(*section.port);
  if (!socket.empty()) remove_stale_memif_socket(socket);
}

Result<Dataplane> open_dataplane(const config::Document& document) {
  auto port = port_config(document.dataplane);
  if (!port) return tl::unexpected(port.error());
  dpdk::EalConfig eal;
  eal.hugepages = *document.dataplane.hugepages;
  eal.huge_directory = *document.dataplane.huge_dir;
  const bool is_ring = port->spec.type == dpdk::PortType::ring;
  if (is_ring) port->networks = {ring_network(1)};
  eal.ports = {*port};
  if (is_ring) {
    eal.ports.push_back(*port);
    eal.ports.back().networks = {ring_network(2)};
  } else if (document.second_path) {
    auto second = port_config(*document.second_path);
    if (!second) return tl::unexpected(second.error());
    eal.ports.push_back(*second);
  }
  make_way(document.dataplane);
  if (document.second_path) make_way(*document.second_path);
  Dataplane dataplane;
  auto started = dpdk::Eal::start(eal);
  if (!started) return tl::unexpected(started.error());
  dataplane.eal = std::move(*started);
  if (is_ring) {
    auto pair = dpdk::make_ring_pair(*dataplane.eal, eal.ports[0], eal.ports[1]);
    if (!pair) return tl::unexpected(pair.error());
    dataplane.ports.push_back(std::move(pair->first));
    dataplane.ports.push_back(std::move(pair->second));
    return dataplane;
  }
  auto made = dpdk::make_port(*dataplane.eal, eal.ports[0]);
  if (!made) return tl::unexpected(made.error());
  dataplane.ports.push_back(std::move(*made));
  if (eal.ports.size() == 1) return dataplane;
  auto second = dpdk::make_port(*dataplane.eal, eal.ports[1]);
  if (!second) return tl::unexpected(second.error());
  dataplane.second_path = std::move(*second);
  return dataplane;
}

}  // namespace

Result<Dataplane> start_dataplane(const config::Document& document) {
  auto opened = open_dataplane(document);
  if (!opened) return located(document, std::move(opened.error()));
  return opened;
}

}  // namespace usbgw::app

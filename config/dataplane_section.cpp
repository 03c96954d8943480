// [node], [dataplane], [control], [workers]: the machine and its network.
#include <algorithm>
#include <string>

#include "common/ip_mtu.h"
#include "config/sections.h"

namespace usbgw::config {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Parsed<IpNetwork> parse_network(std::string_view text) {
  auto network = IpNetwork::parse(text);
  if (network && text.find('/') != std::string_view::npos) return *network;
  return tl::unexpected<std::string>(
      "\"" + std::string(text) +
      "\" is not an address with its prefix; allowed: as in \"10.20.0.2/24\", \"fd00::2/64\"");
}

Parsed<IpAddress> parse_address(std::string_view text) {
  auto address = IpAddress::parse(text);
  if (address) return *address;
  return tl::unexpected<std::string>("\"" + std::string(text) +
                                     "\" is not an address; allowed: as in \"10.20.0.1\", "
                                     "\"fd00::1\"");
}

Parsed<HostPort> parse_listen(std::string_view text) {
  auto endpoint = parse_host_port(text);
  if (endpoint && IpAddress::parse(endpoint->host)) return endpoint;
  return tl::unexpected<std::string>(
      "\"" + std::string(text) +
      "\" is not an address to listen at; allowed: as in \"0.0.0.0:7443\", \"[::]:7443\"");
}

// Names end up in socket paths, certificates (where a label has 63 characters) and messages.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

// useradd(8); whether there is such a user is for the machine to say that runs the node.
bool is_user_name(std::string_view name) {
  return is_plain_name(name) && name.size() <= 32;
}

bool is_pci_address(std::string_view port) {
  constexpr std::string_view kForm = "hhhh:hh:hh.d";
  const auto fits = [](char form, char c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return form == 'h' ? digit || letter : form == 'd' ? c >= '0' && c <= '7' : form == c;
  };
  return port.size() == kForm.size() && std::equal(kForm.begin(), kForm.end(), port.begin(), fits);
}

bool is_port(std::string_view port) {
  // IFNAMSIZ is 16 with its NUL (linux/if.h).
  for (const std::string_view kind : {"af_packet:", "af_xdp:", "tap:"}) {
    if (port.starts_with(kind)) {
      const std::string_view interface = port.substr(kind.size());
      return !interface.empty() && interface.size() < 16 &&
             interface.find_first_of("/ ,") == std::string_view::npos;
    }
  }
  if (port.starts_with("memif:/")) return port.ends_with(",server") || port.ends_with(",client");
  return port == "ring" || is_pci_address(port);
}

Value<std::string> read_port(TableReader& reader) {
  constexpr std::string_view kExample =
      "a PCI address (\"0000:03:00.0\"), \"af_packet:IFACE\", \"af_xdp:IFACE\", \"tap:NAME\", "
      "\"memif:/SOCKET,server\" or \",client\", or \"ring\"";
  reader.require("port", kExample);
  Value<std::string> port = reader.text("port");
  if (!port->empty() && !is_port(*port)) {
    reader.complain("port", "\"" + *port + "\" is not a port; allowed: " + std::string(kExample));
  }
  return port;
}

template <class T, class Family>
void one_of_each_family(TableReader& reader, std::string_view key,
                        const std::vector<Value<T>>& values, Family&& is_v4) {
  const auto v4 = std::count_if(values.begin(), values.end(),
                                [&](const Value<T>& value) { return is_v4(*value); });
  if (v4 > 1 || static_cast<std::ptrdiff_t>(values.size()) - v4 > 1) {
    reader.complain(key, "has two of one family; allowed: one IPv4 and one IPv6 address");
  }
}

// What each path has of its own; the MTU is `section`'s unless it is written.
void read_link(TableReader& reader, DataplaneSection& section) {
  section.port = read_port(reader);
  section.addresses = reader.list<IpNetwork>("address", parse_network);
  section.gateways = reader.list<IpAddress>("gateway", parse_address);
  one_of_each_family(reader, "address", section.addresses,
                     [](const IpNetwork& network) { return network.address.is_v4(); });
  one_of_each_family(reader, "gateway", section.gateways,
                     [](const IpAddress& address) { return address.is_v4(); });
  section.mtu = reader.integer<std::uint16_t>("mtu", *section.mtu, kMinimumMtu, kMaximumMtu);
  section.vlan = reader.integer<std::uint16_t>("vlan", 0, 0, 4094);
}

}  // namespace

NodeSection read_node(TableReader reader) {
  NodeSection node;
  reader.require("name", "a name for this machine, as in name = \"stage-box\"");
  node.name = reader.text("name");
  if (!node.name->empty() && !is_plain_name(*node.name)) {
    reader.complain("name", "\"" + *node.name +
                                "\" is not a name; allowed: up to 63 letters, digits, '-', '_', "
                                "'.'");
  }
  node.user = reader.text("user");
  if (!node.user->empty() && !is_user_name(*node.user)) {
    reader.complain("user", "\"" + *node.user +
                                "\" is not a user's name; allowed: up to 32 letters, digits, '-', "
                                "'_', '.', as in user = \"usbgw\"");
  }
  for (const std::string& role : reader.text_list("roles")) {
    node.is_agent |= role == "agent";
    node.is_host |= role == "host";
    if (role != "agent" && role != "host") {
      reader.complain("roles", "\"" + role + "\" is not a role; allowed: \"agent\", \"host\"");
    }
  }
  reader.finish();
  return node;
}

DataplaneSection read_dataplane(TableReader reader) {
  DataplaneSection dataplane;
  dataplane.mtu.value = 1500;
  read_link(reader, dataplane);
  dataplane.udp_port = reader.integer<std::uint16_t>("udp_port", kUdpPort, 1, 65535);
  dataplane.dscp = reader.parsed<std::uint8_t>("dscp", 46, parse_dscp);
  dataplane.pcp = reader.integer<std::uint8_t>("pcp", 5, 0, 7);
  dataplane.hugepages = reader.boolean("hugepages", false);
  dataplane.huge_dir = reader.text("huge_dir");
  reader.finish();
  return dataplane;
}

DataplaneSection read_second_path(TableReader reader, const DataplaneSection& first) {
  DataplaneSection second = first;
  read_link(reader, second);
  reader.finish();
  return second;
}

ControlSection read_control(TableReader reader) {
  ControlSection control;
  control.listen = reader.parsed<HostPort>("listen", {"0.0.0.0", kControlPort}, parse_listen);
  control.dscp = reader.parsed<std::uint8_t>("dscp", 26, parse_dscp);
  control.pacing = reader.parsed<std::uint64_t>("pacing", 0, parse_rate);
  reader.finish();
  return control;
}

WorkersSection read_workers(TableReader reader) {
  constexpr std::int64_t kLastCore = 1023;  // CPU_SETSIZE - 1
  WorkersSection workers;
  workers.packet_core = reader.optional_integer<std::uint16_t>("packet_core", 0, kLastCore);
  workers.usb_core = reader.optional_integer<std::uint16_t>("usb_core", 0, kLastCore);
  workers.control_core = reader.optional_integer<std::uint16_t>("control_core", 0, kLastCore);
  workers.vhci_core = reader.optional_integer<std::uint16_t>("vhci_core", 0, kLastCore);
  workers.idle = reader.choice<Idle>("idle", Idle::adaptive,
                                     {{"adaptive", Idle::adaptive}, {"busy", Idle::busy}});
  workers.realtime = reader.integer<std::uint8_t>("realtime", 0, 0, 99);
  const Value<bool> fused = reader.boolean("fused", false);
  if (fused.is_written()) workers.fused = fused;
  workers.idle_sleep =
      reader.duration("idle_sleep", {microseconds(100), reader.location("idle_sleep")},
                      microseconds(1), milliseconds(10));
  reader.finish();
  return workers;
}

}  // namespace usbgw::config

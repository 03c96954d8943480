// Checks between values that are each possible: ports and addresses, names, rules.
#include <algorithm>

#include "config/sections.h"
#include "config/spelling.h"

namespace usbgw::config {
namespace {

class Check {
 public:
  Check(const Document& document, Problems& problems) : document_(document), problems_(problems) {}

  void roles() {
    const NodeSection& node = document_.node;
    if (!node.is_agent && !node.is_host) {
      complain("node.roles",
               "nothing to do; write roles = [\"agent\"], [\"host\"] or both, or an [[export]] or "
               "[[attach]]");
    }
    if (!node.is_agent && !document_.exports.empty()) {
      complain("node.roles", "lacks \"agent\", which the [[export]] entries need");
    }
    if (!node.is_host && !document_.attaches.empty()) {
      complain("node.roles", "lacks \"host\", which the [[attach]] entries need");
    }
  }

  // A ring never leaves the process: a node with one role would wait for ever.
  void ring() {
    const NodeSection& node = document_.node;
    if (!document_.uses_ring() || node.is_agent == node.is_host) return;
    complain(document_.dataplane.port.at,
             "\"ring\" joins an agent and a host in one process, and this node is only " +
                 std::string(node.is_agent ? "an agent" : "a host") +
                 "; write roles = [\"agent\", \"host\"] in [node], or a port that other "
                 "processes reach");
  }

  void addresses() {
    const DataplaneSection& dataplane = document_.dataplane;
    if (!document_.uses_ring()) addresses_of("dataplane", dataplane);
    if (!dataplane.huge_dir->empty() && !*dataplane.hugepages) {
      complain(dataplane.huge_dir.at, "has no effect without hugepages = true");
    }
  }

  // Two paths that share a port or an address are one.
  void second_path() {
    if (!document_.second_path) return;
    const DataplaneSection& first = document_.dataplane;
    const DataplaneSection& second = *document_.second_path;
    if (*first.port == "ring" || *second.port == "ring") {
      complain(*second.port == "ring" ? second.port.at : document_.locate("second_path"),
               "\"ring\" joins an agent and a host in one process, where a second path has nothing "
               "to add; allowed: two ports that other processes reach");
      return;
    }
    addresses_of("second_path", second);
    if (interface_of(*second.port) == interface_of(*first.port)) {
      complain(second.port.at, "\"" + *second.port +
                                   "\" is the port of [dataplane]; allowed: another one, or no "
                                   "[second_path]");
    }
    for (const Value<IpNetwork>& own : second.addresses) {
      for (const Value<IpNetwork>& other : first.addresses) {
        if (own->address == other->address)
          complain(own.at, own->address.to_string() + " is the address of [dataplane] as well");
      }
    }
  }

  void impairment() {
    if (document_.uses_ring()) return;
    for (const Location& at : document_.written) {
      if (at.key.starts_with("impairment."))
        complain(at, "works on port = \"ring\" only; use tc-netem on a real interface");
    }
  }

  void security() {
    const SecuritySection& security = document_.security;
    if (security.has_certificate() || security.has_psk() || document_.uses_ring()) return;
    complain("security",
             "missing; write ca, certificate and key, or psk_file (`usbgw keys` makes them)");
  }

  void workers() {
    const WorkersSection& workers = document_.workers;
    const bool fused = workers.fused && workers.fused->value;
    if (fused && workers.packet_core && workers.usb_core &&
        workers.packet_core->value != workers.usb_core->value) {
      complain(workers.usb_core->at,
               "fused = true runs both workers on one thread; allowed: the packet_core, " +
                   std::to_string(workers.packet_core->value));
    }
    if (workers.vhci_core && *workers.idle == Idle::busy && is_core_of_worker(workers)) {
      complain(workers.vhci_core->at,
               "a worker with idle = \"busy\" has this core and never leaves it; allowed: another "
               "core");
    }
  }

  static bool is_core_of_worker(const WorkersSection& workers) {
    const auto is_vhcis = [&](const std::optional<Value<std::uint16_t>>& core) {
      return core && core->value == workers.vhci_core->value;
    };
    return is_vhcis(workers.packet_core) || is_vhcis(workers.usb_core);
  }

  void exports() {
    for (const ExportEntry& entry : document_.exports) {
      const ExportEntry* first = first_of(document_.exports, [&](const ExportEntry& other) {
        return *other.device == *entry.device;
      });
      duplicate(entry.device.at, entry.device->to_string(), &entry - first, first->device.at);
      const bool may_be_allowed =
          std::any_of(document_.allow.begin(), document_.allow.end(), [&](const RuleEntry& rule) {
            return !rule.device || rule.device->value.overlaps(*entry.device);
          });
      if (!may_be_allowed) {
        complain(entry.device.at, "no [[allow]] rule covers " + entry.device->to_string() +
                                      ", so every peer would be refused; add [[allow]] with "
                                      "device = \"" +
                                      entry.device->to_string() + "\"");
      }
    }
  }

  void peers() {
    for (const PeerEntry& peer : document_.peers) {
      const PeerEntry* first = document_.find_peer(*peer.name);
      duplicate(peer.name.at, *peer.name, &peer - first, first->name.at);
    }
    if (document_.peers.size() > kMaxPeers) {
      complain(document_.peers[kMaxPeers].name.at,
               "there are " + std::to_string(document_.peers.size()) +
                   " [[peer]] entries; allowed: " + std::to_string(kMaxPeers));
    }
  }

  void attaches() {
    std::vector<std::string_view> names;
    for (const PeerEntry& peer : document_.peers) names.push_back(*peer.name);
    for (const AttachEntry& entry : document_.attaches) {
      if (names.empty()) {
        complain(entry.peer.at, "there is no [[peer]]; add one with name = \"" + *entry.peer +
                                    "\" and its control endpoint");
      } else if (document_.find_peer(*entry.peer) == nullptr) {
        complain(entry.peer.at,
                 unknown("no [[peer]] is named \"" + *entry.peer + "\"", *entry.peer, names));
      }
      const AttachEntry* first = first_of(document_.attaches, [&](const AttachEntry& other) {
        return *other.device == *entry.device && *other.peer == *entry.peer;
      });
      duplicate(entry.device.at, entry.device->to_string() + " of " + *entry.peer, &entry - first,
                first->device.at);
      vhci_port(entry);
    }
  }

 private:
  void complain(Location at, std::string text) {
    problems_.push_back({std::move(at), std::move(text)});
  }
  void complain(const char* key, std::string text) {
    complain(document_.locate(key), std::move(text));
  }

  void addresses_of(const std::string& section, const DataplaneSection& dataplane) {
    if (dataplane.addresses.empty()) {
      complain(document_.locate(section + ".address"),
               "missing; write this port's own address with its prefix, as in "
               "address = \"10.20.0.2/24\"");
    }
    for (const Value<IpAddress>& gateway : dataplane.gateways) {
      const bool on_link =
          std::any_of(dataplane.addresses.begin(), dataplane.addresses.end(),
                      [&](const Value<IpNetwork>& own) { return own->contains(*gateway); });
      if (!on_link)
        complain(gateway.at, gateway->to_string() + " is in none of this port's own networks");
    }
  }

  // "eth1" of "af_packet:eth1" and of "af_xdp:eth1".
  static std::string_view interface_of(std::string_view port) {
    for (const std::string_view kind : {"af_packet:", "af_xdp:"})
      if (port.starts_with(kind)) return port.substr(kind.size());
    return port.substr(0, port.find(','));  // a memif socket has one role
  }

  template <class T, class Match>
  static const T* first_of(const std::vector<T>& entries, Match&& match) {
    return &*std::find_if(entries.begin(), entries.end(), match);
  }

  void duplicate(const Location& at, const std::string& what, std::ptrdiff_t distance,
                 const Location& first) {
    if (distance == 0) return;
    complain(at, what + " is there twice; line " + std::to_string(first.line) + " has it already");
  }

  void vhci_port(const AttachEntry& entry) {
    if (!entry.vhci_port) return;
    const AttachEntry* first = first_of(document_.attaches, [&](const AttachEntry& other) {
      return other.vhci_port && other.vhci_port->value == entry.vhci_port->value;
    });
    duplicate(entry.vhci_port->at, "port " + std::to_string(entry.vhci_port->value), &entry - first,
              first->vhci_port->at);
  }

  const Document& document_;
  Problems& problems_;
};

}  // namespace

void check_consistency(const Document& document, Problems& problems) {
  Check check(document, problems);
  check.roles();
  check.ring();
  check.addresses();
  check.second_path();
  check.impairment();
  check.security();
  check.workers();
  check.exports();
  check.peers();
  check.attaches();
}

}  // namespace usbgw::config

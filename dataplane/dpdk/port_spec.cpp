#include "dataplane/dpdk/port_spec.h"

#include <net/if.h>

#include <algorithm>
#include <array>

#include "common/ip_mtu.h"

namespace usbgw::dpdk {
namespace {

constexpr std::string_view kForms =
    "a PCI address like 0000:03:00.0, af_packet:IFACE, af_xdp:IFACE, tap:NAME, "
    "memif:SOCKET,server, memif:SOCKET,client, or ring";
constexpr std::size_t kLongestInterface = IFNAMSIZ - 1;
constexpr std::size_t kLongestSocketPath = 107;  // sun_path, unix(7)

struct TypeFacts {
  PortType type;
  std::string_view word;
  LargestMtu mtu;
};
constexpr std::array<TypeFacts, 6> kTypes{{
    {PortType::pci, "pci", {kMaximumMtu, "our largest datagram"}},
    {PortType::af_packet, "af_packet", {kMaximumMtu, "our largest datagram"}},
    {PortType::af_xdp, "af_xdp", {3498, "an XDP frame and its head room share one 4096-byte page"}},
    {PortType::tap, "tap", {1500, "DPDK's tap driver takes no larger frame"}},
    {PortType::memif, "memif", {kMaximumMtu, "our largest datagram"}},
    {PortType::ring, "ring", {kMaximumMtu, "our largest datagram"}},
}};

const TypeFacts& facts_of(PortType type) {
  return *std::find_if(kTypes.begin(), kTypes.end(),
                       [type](const TypeFacts& facts) { return facts.type == type; });
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid_argument, "port \"" + std::string(text) +
                                               "\": " + std::string(why) + "; a port is " +
                                               std::string(kForms));
}

bool is_pci_address(std::string_view text) {
  constexpr std::string_view kShape = "hhhh:hh:hh.f";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hex = text.substr(i, 1).find_first_of("0123456789abcdefABCDEF") == 0;
    const bool fits = kShape[i] == 'h'   ? hex
                      : kShape[i] == 'f' ? text[i] >= '0' && text[i] <= '7'
                                         : text[i] == kShape[i];
    if (!fits) return false;
  }
  return true;
}

bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestInterface &&
         name.find_first_of("/, \t:") == std::string_view::npos;
}

Result<PortSpec> parse_memif(std::string_view text, std::string_view rest) {
  const auto comma = rest.rfind(',');
  const auto role = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
  if (role != "server" && role != "client")
    return refuse(text, "which end is it? end it with ,server or ,client");
  const auto path = rest.substr(0, comma);
  if (path.empty() || path.size() > kLongestSocketPath || path.find(',') != path.npos)
    return refuse(text, "the socket is a path of 1 to 107 characters without a comma");
  return PortSpec{
      .type = PortType::memif, .name = std::string(path), .memif_server = role == "server"};
}

}  // namespace

std::string_view to_string(PortType type) {
  return facts_of(type).word;
}
LargestMtu largest_mtu(PortType type) {
  return facts_of(type).mtu;
}

Result<PortSpec> PortSpec::parse(std::string_view text) {
  if (text == "ring") return PortSpec{.type = PortType::ring, .name = ""};
  if (is_pci_address(text)) return PortSpec{.type = PortType::pci, .name = std::string(text)};
  const auto colon = text.find(':');
  const auto word = text.substr(0, colon);
  const auto rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (word == "memif") return parse_memif(text, rest);
  for (const auto type : {PortType::af_packet, PortType::af_xdp, PortType::tap}) {
    if (word != dpdk::to_string(type)) continue;
    if (!is_interface_name(rest))
      return refuse(text, "an interface name has 1 to 15 characters, none of them / , : or space");
    return PortSpec{.type = type, .name = std::string(rest)};
  }
  if (is_pci_address("0000:" + std::string(text)))
    return refuse(text, "the PCI domain is missing: 0000:" + std::string(text));
  return refuse(text, "not a port");
}

std::string PortSpec::to_string() const {
  switch (type) {
    case PortType::pci:
      return name;
    case PortType::ring:
      return "ring";
    case PortType::memif:
      return "memif:" + name + (memif_server ? ",server" : ",client");
    default:
      return std::string(dpdk::to_string(type)) + ":" + name;
  }
}

}  // namespace usbgw::dpdk

#include "dataplane/dpdk/device_arguments.h"

#include "common/assertion.h"

namespace usbgw::dpdk {
namespace {

// Blocks of 64 KiB with frames of 16 KiB, so that 9000-byte frames fit: with the driver's defaults
// (2048) frames of 2048 bytes and more vanish. 512 frames each way: 8 MiB.
constexpr const char* kPacketRing = "blocksz=65536,framesz=16384,framecnt=512";
// 512 buffers of 16 KiB each way.
constexpr const char* kMemifRing = "bsize=16384,rsize=9";

}  // namespace

DeviceArguments device_arguments(const PortConfig& config, const std::string& xdp_program) {
  const auto& spec = config.spec;
  switch (spec.type) {
    case PortType::pci:
      return {.bus = "pci", .driver = spec.name, .text = ""};
    case PortType::af_packet:
      return {.bus = "vdev",
              .driver = "net_af_packet",
              .text = "iface=" + spec.name + "," + kPacketRing +
                      ",qdisc_bypass=" + (config.bypass_qdisc ? "1" : "0")};
    case PortType::af_xdp:
      return {.bus = "vdev",
              .driver = "net_af_xdp",
              .text = "iface=" + spec.name + ",xdp_prog=" + xdp_program};
    case PortType::tap:
      return {.bus = "vdev", .driver = "net_tap", .text = "iface=" + spec.name};
    case PortType::memif:
      return {.bus = "vdev",
              .driver = "net_memif",
              .text = "socket=" + spec.name + ",socket-abstract=no,role=" +
                      (spec.memif_server ? "server," : "client,") + kMemifRing};
    case PortType::ring:
      break;
  }
  USBGW_ASSERT(false);  // rings are not made from text
}

}  // namespace usbgw::dpdk

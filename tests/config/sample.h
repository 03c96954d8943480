// Configurations that tests start from. Line numbers in the tests count from the first line here.
#pragma once

#include <string>
#include <string_view>

#include "config/document.h"

namespace usbgw::config {

inline constexpr std::string_view kHost = R"([node]
name = "room"
[dataplane]
port = "af_packet:eth1"
address = "10.20.0.1/24"
[security]
psk_file = "studio.psk"
[[peer]]
name = "stage"
control = "10.0.0.2"
[[attach]]
peer = "stage"
device = "1209:a101"
)";

inline constexpr std::string_view kAgent = R"([node]
name = "stage"
roles = ["agent", "host"]
[dataplane]
port = "ring"
[[allow]]
device = "1209:*"
[[export]]
device = "1209:a101"
)";

inline constexpr std::string_view kEverything = R"([node]
name = "both"
user = "usbgw"
roles = ["agent", "host"]
[dataplane]
port = "0000:03:00.0"
address = ["10.20.0.2/24", "fd00::2/64"]
gateway = "10.20.0.1"
udp_port = 50000
mtu = 9000
vlan = 120
dscp = "CS5"
pcp = 6
hugepages = true
huge_dir = "/mnt/huge"
[control]
listen = "[::]:7444"
dscp = 26
pacing = "500Mbit"
[security]
ca = "/keys/ca.crt"
certificate = "/keys/both.crt"
key = "/keys/both.key"
[workers]
packet_core = 0
usb_core = 1
control_core = 0
vhci_core = 2
idle = "busy"
realtime = 50
fused = false
idle_sleep = "50us"
[admin]
socket = "/tmp/both.sock"
[[export]]
device = "1209:a101:0001"
policy = "exclusive"
out_ahead = "4ms"
playout = "4ms"
packet_bytes = 700
buffer_count = 512
[[allow]]
device = "1209:*"
[[deny]]
interface_class = "mass-storage"
[[peer]]
name = "stage"
control = "stage.example:7443"
[[attach]]
peer = "stage"
device = "1209:a102"
vhci_port = 3
mode = "fixed"
playout = "3ms"
playout_max = "30ms"
packet_bytes = 1400
buffer_count = 256
[streams]
transfer = "1ms"
in_ring = "64ms"
out_ahead = "2ms"
[repair]
scheme = "none"
delay = "4ms"
[log]
level = "debug"
[audit]
file = "audit.log"
)";

// One problem a line; empty when there is none.
inline std::string problem_text(const Checked<Document>& document) {
  std::string text;
  if (document) return text;
  for (const Problem& problem : document.error()) text += problem.to_string() + "\n";
  return text;
}

}  // namespace usbgw::config

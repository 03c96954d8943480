// What a layer's `validate` returns: which key of its own struct is wrong and why. The layer does
// not know where the key was written; app/ joins it with the configuration's line.
#pragma once

#include <string>

namespace usbgw {

struct Fault {
  std::string key;   // as in the layer's section: "mtu"
  std::string text;  // "9000 is more than an af_xdp port carries; allowed: up to 3498"
};

}  // namespace usbgw

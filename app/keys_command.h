// `usbgw keys init | issue | psk`: a small authority, the nodes' identities, and pre-shared keys.
// Nothing is ever overwritten; secrets are readable by their owner alone.
#pragma once

#include <string>

#include "common/result.h"

namespace usbgw::app {

struct KeysOptions {
  std::string directory = "keys";
  std::string name;  // init: of the authority; issue, psk: of the node
  int days = 3650;   // of validity; init, issue
  bool json = false;
};

// DIRECTORY/ca.crt and ca.key.
[[nodiscard]] Result<int> run_keys_init(const KeysOptions& options);
// DIRECTORY/NAME.crt and NAME.key, from the authority there.
[[nodiscard]] Result<int> run_keys_issue(const KeysOptions& options);
// DIRECTORY/NAME.psk, for both ends; NAME is who the connecting end then is.
[[nodiscard]] Result<int> run_keys_psk(const KeysOptions& options);

}  // namespace usbgw::app

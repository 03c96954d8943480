// `usbgw keys init | issue | psk`: makes key files and says what to do with them.
#pragma once

#include <optional>
#include <string>

#include "common/result.h"

namespace usbgw::app {

struct KeysOptions {
  std::string directory = "keys";
  std::string name;         // issue, psk: the node's
  std::optional<int> days;  // of validity; init, issue
  bool json = false;
};

// DIRECTORY/authority.pem and authority.key.
[[nodiscard]] Result<int> run_keys_init(const KeysOptions& options);
// DIRECTORY/NAME.pem and NAME.key, from the authority there.
[[nodiscard]] Result<int> run_keys_issue(const KeysOptions& options);
// DIRECTORY/NAME.psk, for both ends; NAME is who the connecting end then is.
[[nodiscard]] Result<int> run_keys_psk(const KeysOptions& options);

}  // namespace usbgw::app

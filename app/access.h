// The [[allow]] and [[deny]] rules of the configuration.
#pragma once

#include "config/document.h"
#include "control/access_rules.h"
#include "node/agent_control.h"

namespace usbgw::app {

class ConfiguredAccess final : public node::AccessPolicy {
 public:
  explicit ConfiguredAccess(const config::Document& document);
  // Nobody may anything that no rule allows; a denial wins.
  [[nodiscard]] std::optional<std::string> refuses(const std::string& peer,
                                                   const device::PresentDevice& device) override;

 private:
  control::AccessRules rules_;
};

}  // namespace usbgw::app

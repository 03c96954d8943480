// The [[allow]] and [[deny]] rules of the configuration.
#pragma once

#include "config/document.h"
#include "node/agent_control.h"

namespace usbgw::app {

class ConfiguredAccess final : public node::AccessPolicy {
 public:
  explicit ConfiguredAccess(const config::Document& document)
      : allow_(document.allow), deny_(document.deny) {}
  // Nobody may anything that no rule allows; a denial wins.
  [[nodiscard]] std::optional<std::string> refuses(const std::string& peer,
                                                   const device::PresentDevice& device) override;

 private:
  std::vector<config::RuleEntry> allow_;
  std::vector<config::RuleEntry> deny_;
};

}  // namespace usbgw::app

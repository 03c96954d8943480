// Who may use which export. Nobody may anything unless a rule allows it, and a rule that denies
// wins, whatever the order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/exported_device.h"

namespace usbgw::control {

// A part that is not set matches anything.
struct DevicePattern {
  std::optional<std::uint16_t> vendor;
  std::optional<std::uint16_t> product;
  std::optional<std::string> serial;
  std::optional<std::string> software;  // NAME of software:NAME; "*": any software device
};

struct AccessRule {
  DevicePattern device;
  std::optional<std::string> peer;              // authenticated name
  std::optional<std::uint8_t> interface_class;  // bInterfaceClass
  std::string source;                           // "studio.toml:12", for the refusal's text
};

class AccessRules {
 public:
  void allow(AccessRule rule) { allow_.push_back(std::move(rule)); }
  void deny(AccessRule rule) { deny_.push_back(std::move(rule)); }

  // Why not, in one line; nothing when `peer` may use `device`. A denied class refuses a device
  // that has it in any interface; an allowed class covers only interfaces of that class, so a
  // device needs each of its classes covered, or a rule without a class.
  [[nodiscard]] std::optional<std::string> refuses(std::string_view peer,
                                                   const ExportedDevice& device) const;

 private:
  std::vector<AccessRule> allow_;
  std::vector<AccessRule> deny_;
};

[[nodiscard]] bool matches(const DevicePattern& pattern, const ExportedDevice& device);

}  // namespace usbgw::control

#include "control/access_rules.h"

#include <algorithm>
#include <array>

namespace usbgw::control {
namespace {

constexpr std::string_view kSoftwarePrefix = "software:";

bool has_class(const ExportedDevice& device, std::uint8_t interface_class) {
  const auto& classes = device.interface_classes;
  return std::find(classes.begin(), classes.end(), interface_class) != classes.end();
}

bool concerns(const AccessRule& rule, std::string_view peer, const ExportedDevice& device) {
  return matches(rule.device, device) && (!rule.peer || *rule.peer == peer);
}

std::string class_text(std::uint8_t interface_class) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return std::string("0x") + kDigits[interface_class >> 4] + kDigits[interface_class & 0x0F];
}

std::string denied_text(const AccessRule& rule, std::string_view peer,
                        const ExportedDevice& device) {
  std::string text = device.id + " is denied to " + std::string(peer);
  if (rule.interface_class) text += ", it has class " + class_text(*rule.interface_class);
  if (!rule.source.empty()) text += " (" + rule.source + ")";
  return text;
}

}  // namespace

bool matches(const DevicePattern& pattern, const ExportedDevice& device) {
  const bool is_software = device.id.starts_with(kSoftwarePrefix);
  if (pattern.software) {
    return is_software && (*pattern.software == "*" ||
                           device.id.substr(kSoftwarePrefix.size()) == *pattern.software);
  }
  const bool names_hardware = pattern.vendor || pattern.product || pattern.serial;
  if (is_software && names_hardware) return false;
  return (!pattern.vendor || *pattern.vendor == device.vendor_id) &&
         (!pattern.product || *pattern.product == device.product_id) &&
         (!pattern.serial || *pattern.serial == device.serial);
}

std::optional<std::string> AccessRules::refuses(std::string_view peer,
                                                const ExportedDevice& device) const {
  for (const AccessRule& rule : deny_) {
    if (!concerns(rule, peer, device)) continue;
    if (!rule.interface_class || has_class(device, *rule.interface_class))
      return denied_text(rule, peer, device);
  }
  std::array<bool, 256> covered{};
  for (const AccessRule& rule : allow_) {
    if (!concerns(rule, peer, device)) continue;
    if (!rule.interface_class) return std::nullopt;
    covered[*rule.interface_class] = true;
  }
  const auto& classes = device.interface_classes;
  const auto open = std::find_if(classes.begin(), classes.end(),
                                 [&](std::uint8_t interface) { return !covered[interface]; });
  const bool any_class_covered = std::find(covered.begin(), covered.end(), true) != covered.end();
  if (!classes.empty() && open == classes.end()) return std::nullopt;
  if (!any_class_covered) return "no rule allows " + std::string(peer) + " to use " + device.id;
  return "no rule allows " + std::string(peer) + " to use " + device.id +
         (classes.empty() ? std::string() : ": its class " + class_text(*open) + " is not allowed");
}

}  // namespace usbgw::control

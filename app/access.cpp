#include "app/access.h"

namespace usbgw::app {
namespace {

control::AccessRule rule_of(const config::RuleEntry& entry) {
  control::AccessRule rule;
  rule.source = entry.at.file + ":" + std::to_string(entry.at.line);
  if (entry.peer) rule.peer = **entry.peer;
  if (entry.interface_class) rule.interface_class = **entry.interface_class;
  if (!entry.device) return rule;
  const config::DeviceSelector& device = **entry.device;
  rule.device.vendor = device.vendor;
  rule.device.product = device.product;
  rule.device.serial = device.serial;
  if (device.is_software()) rule.device.software = device.software;
  return rule;
}

}  // namespace

ConfiguredAccess::ConfiguredAccess(const config::Document& document) {
  for (const auto& entry : document.allow) rules_.allow(rule_of(entry));
  for (const auto& entry : document.deny) rules_.deny(rule_of(entry));
}

std::optional<std::string> ConfiguredAccess::refuses(const std::string& peer,
                                                     const device::PresentDevice& device) {
  control::ExportedDevice exported;
  exported.id = device.id;
  exported.vendor_id = device.vendor_id;
  exported.product_id = device.product_id;
  exported.serial = device.serial;
  exported.interface_classes = device.interface_classes;
  return rules_.refuses(peer, exported);
}

}  // namespace usbgw::app

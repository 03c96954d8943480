// [security], [[allow]], [[deny]], [admin], [log], [audit]: who may, and where it is written down.
#include <filesystem>

#include "config/sections.h"

namespace usbgw::config {
namespace {

Value<std::string> read_path(TableReader& reader, std::string_view key, const std::string& folder) {
  Value<std::string> path = reader.text(key);
  // An absolute right side replaces the folder.
  if (!path->empty()) path.value = (std::filesystem::path(folder) / *path).string();
  return path;
}

}  // namespace

SecuritySection read_security(TableReader reader, const std::string& folder) {
  SecuritySection security;
  security.ca = read_path(reader, "ca", folder);
  security.certificate = read_path(reader, "certificate", folder);
  security.key = read_path(reader, "key", folder);
  security.psk_file = read_path(reader, "psk_file", folder);
  const bool certificates = reader.has("ca") || reader.has("certificate") || reader.has("key");
  if (certificates) {
    for (const std::string_view key : {"ca", "certificate", "key"}) {
      reader.require(key, "it too: ca, certificate and key go together");
    }
  }
  if (certificates && reader.has("psk_file")) {
    reader.complain("psk_file", "allowed: certificates or a pre-shared key, not both");
  }
  reader.finish();
  return security;
}

std::vector<RuleEntry> read_rules(std::vector<TableReader> readers) {
  std::vector<RuleEntry> rules;
  for (TableReader& reader : readers) {
    RuleEntry rule;
    rule.at = reader.entry();
    rule.device = reader.optional_parsed<DeviceSelector>("device", parse_device_pattern);
    const Value<std::string> peer = reader.text("peer");
    if (peer.is_written()) rule.peer = peer;
    rule.interface_class =
        reader.optional_parsed<std::uint8_t>("interface_class", parse_interface_class);
    if (!rule.device && !rule.peer && !rule.interface_class) {
      reader.complain("device",
                      "the rule says nothing; write at least one of device, peer, "
                      "interface_class (device = \"*\" for any)");
    }
    reader.finish();
    rules.push_back(std::move(rule));
  }
  return rules;
}

AdminSection read_admin(TableReader reader, const std::string& node_name) {
  // sun_path has 108 bytes with its NUL (unix(7)).
  constexpr std::size_t kLongest = 107;
  AdminSection admin;
  admin.socket = reader.text("socket", "/run/usbgw/" + node_name + ".sock");
  if (admin.socket->size() > kLongest) {
    reader.complain("socket", "is " + std::to_string(admin.socket->size()) +
                                  " characters long; allowed: up to " + std::to_string(kLongest));
  }
  reader.finish();
  return admin;
}

LogSection read_log(TableReader reader, const std::string& folder) {
  LogSection log;
  log.level = reader.choice<LogLevel>("level", LogLevel::info,
                                      {{"debug", LogLevel::debug},
                                       {"info", LogLevel::info},
                                       {"warning", LogLevel::warning},
                                       {"error", LogLevel::error}});
  log.file = read_path(reader, "file", folder);
  reader.finish();
  return log;
}

AuditSection read_audit(TableReader reader, const std::string& folder) {
  AuditSection audit;
  audit.file = read_path(reader, "file", folder);
  reader.finish();
  return audit;
}

}  // namespace usbgw::config

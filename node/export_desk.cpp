#include "node/export_desk.h"

#include <algorithm>
#include <charconv>

namespace usbgw::node {
namespace {

// "1209:a101" selects every serial; "1209:a101:0001" one; "software:uac2" itself.
bool selects(const std::string& selector, const std::string& id) {
  const std::string wanted = control::canonical_device_id(selector);
  const std::string canonical = control::canonical_device_id(id);
  return wanted == canonical || canonical.starts_with(wanted + ":");
}

std::uint16_t hexadecimal(std::string_view digits) {
  std::uint16_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

// As far as its export says it: for the access rules, which ask for no more of a device that is not
// there. Its classes are not known.
device::PresentDevice unplugged(const std::string& selector) {
  constexpr std::string_view kShape = "vvvv:pppp";
  device::PresentDevice device;
  device.id = selector;
  if (selector.size() < kShape.size() || selector[4] != ':') return device;
  const std::string_view text = selector;
  device.vendor_id = hexadecimal(text.substr(0, 4));
  device.product_id = hexadecimal(text.substr(5, 4));
  if (text.size() > kShape.size()) device.serial = text.substr(kShape.size() + 1);
  return device;
}

control::ExportedDevice exported(const device::PresentDevice& device, const ExportRule& rule,
                                 bool is_present) {
  control::ExportedDevice out;
  out.id = device.id;
  out.vendor_id = device.vendor_id;
  out.product_id = device.product_id;
  out.serial = device.serial;
  out.manufacturer = device.manufacturer;
  out.product = device.product;
  out.speed = device.speed;
  out.interface_classes = device.interface_classes;
  out.policy = rule.policy;
  out.present = is_present;
  return out;
}

wire::ExportInfo info_of(const control::ExportedDevice& device) {
  wire::ExportInfo info;
  info.id = device.id;
  info.vendor_id = device.vendor_id;
  info.product_id = device.product_id;
  info.serial = device.serial;
  info.manufacturer = device.manufacturer;
  info.product = device.product;
  info.speed = device.speed;
  info.present = device.present;
  info.interface_classes = device.interface_classes;
  info.policy = device.policy;
  return info;
}

}  // namespace

wire::ExportInfo describe(const device::PresentDevice& device) {
  return info_of(exported(device, ExportRule{}, true));
}

ExportDesk::ExportDesk(std::string node, std::vector<ExportRule> rules,
                       device::DeviceProvider& devices, AccessPolicy& access, ExportRecords records)
    : node_(std::move(node)),
      rules_(std::move(rules)),
      devices_(devices),
      access_(access),
      records_(records) {}

void ExportDesk::refresh() {
  if (is_fresh_) return;
  is_fresh_ = true;
  present_ = devices_.list();
  std::erase_if(present_, [this](const auto& device) { return rule_for(device.id) == nullptr; });
}

std::vector<std::string> ExportDesk::missing_and_found() {
  std::vector<std::string> lines;
  if (!is_missing_any()) return lines;
  refresh();
  const bool is_first = !missing_;
  if (is_first) missing_.emplace();
  for (const ExportRule& rule : rules_) {
    const auto known = std::find(missing_->begin(), missing_->end(), rule.device);
    if (is_first && !is_plugged_in(rule)) {
      missing_->push_back(rule.device);
      lines.push_back("export " + rule.device + " is not plugged in; hosts get it when it is");
    } else if (known != missing_->end() && is_plugged_in(rule)) {
      missing_->erase(known);
      lines.push_back("export " + rule.device + " is plugged in now");
    }
  }
  return lines;
}

control::Directory ExportDesk::offered_to(const std::string* peer) {
  refresh();
  const auto is_refused = [&](const device::PresentDevice& device) {
    return peer != nullptr && access_.refuses(*peer, device).has_value();
  };
  control::Directory directory(node_);
  for (const auto& device : present_)
    if (!is_refused(device)) directory.put(exported(device, *rule_for(device.id), true));
  for (const ExportRule& rule : rules_) {
    if (is_plugged_in(rule)) continue;
    const device::PresentDevice absent = unplugged(rule.device);
    if (!is_refused(absent)) directory.put(exported(absent, rule, false));
  }
  return directory;
}

std::vector<wire::ExportInfo> ExportDesk::list(Instant now) {
  return infos(offered_to(nullptr), now);
}

std::vector<wire::ExportInfo> ExportDesk::list_for(const std::string& peer, Instant now) {
  return infos(offered_to(&peer), now);
}

std::vector<wire::ExportInfo> ExportDesk::infos(const control::Directory& directory,
                                                Instant now) const {
  std::vector<wire::ExportInfo> infos;
  for (const control::ExportedDevice& device : directory.exports()) {
    if (infos.size() == wire::kMaxExports) break;
    wire::ExportInfo info = info_of(device);
    if (const auto lease = records_.leases.holder(device.id, now)) {
      info.holder = lease->owner;
      const auto held = std::chrono::duration_cast<std::chrono::seconds>(now - lease->granted);
      info.held_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(held.count(), 0));
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<device::PresentDevice> ExportDesk::choose(const std::string& wanted,
                                                 const std::string& peer) {
  const control::Directory offered = offered_to(&peer);
  const auto found = offered.find(wanted);
  if (!found) return tl::unexpected(found.error());
  const std::string& id = (*found)->id;
  const auto is_meant = [&](const auto& device) {
    return control::canonical_device_id(device.id) == id;
  };
  if (std::count_if(present_.begin(), present_.end(), is_meant) > 1) {
    return fail(ErrorCode::invalid_argument,
                id + " is plugged into " + node_ +
                    " more than once, without serial numbers to tell them apart: unplug all but "
                    "one");
  }
  return *std::find_if(present_.begin(), present_.end(), is_meant);
}

std::optional<ExportDesk::Denial> ExportDesk::denial(const std::string& wanted,
                                                     const std::string& peer) {
  for (const device::PresentDevice& device : present_) {
    if (!selects(wanted, device.id)) continue;
    const auto reason = access_.refuses(peer, device);
    if (!reason) continue;
    device::PresentDevice as_asked = device;  // the text must not tell more than the peer knows
    as_asked.id = control::canonical_device_id(wanted);
    return Denial{device.id, access_.refuses(peer, as_asked).value_or(*reason)};
  }
  return std::nullopt;
}

Result<ExportDesk::Grant> ExportDesk::grant(const std::string& wanted, const control::Claim& claim,
                                            Instant now) {
  auto device = choose(wanted, claim.owner);
  if (!device && device.error().code == ErrorCode::not_found) {
    if (auto denied = denial(wanted, claim.owner)) {
      records_.leases.note_refusal(denied->device, claim.owner, denied->reason);
      return fail(ErrorCode::refused, std::move(denied->reason));
    }
  }
  if (!device) {
    records_.leases.note_refusal(wanted, claim.owner, device.error().context);
    return tl::unexpected(device.error());
  }
  const auto lease = records_.leases.acquire(device->id, claim, policy_, now);
  if (!lease) return tl::unexpected(lease.error());
  Grant grant;
  grant.rule = rule_for(device->id);
  grant.device = std::move(*device);
  grant.token = lease->token;
  return grant;
}

Result<std::unique_ptr<device::UsbDevice>> ExportDesk::open(const device::PresentDevice& device) {
  auto opened = devices_.open(device);
  if (!opened) return opened;
  const device::DeviceInfo& info = (*opened)->info();
  const auto hash =
      control::hash_descriptors(info.device_descriptor, info.configuration_descriptors);
  if (auto same = control::check_pin(records_.pins, device.id, hash); !same)
    return tl::unexpected(same.error());
  return opened;
}

void ExportDesk::release(const Grant& grant, const std::string& why, Instant now) {
  static_cast<void>(records_.leases.release(grant.device.id, grant.token, why, now));
}

void ExportDesk::release_all(control::ConnectionId connection, const std::string& why,
                             Instant now) {
  static_cast<void>(records_.leases.release_all(connection, why, now));
}

void ExportDesk::renew(control::ConnectionId connection, Instant now) {
  records_.leases.renew(connection, now);
}

std::vector<control::LeaseToken> ExportDesk::expire(Instant now) {
  std::vector<control::LeaseToken> tokens;
  for (const control::Lease& lease : records_.leases.expire(now)) tokens.push_back(lease.token);
  return tokens;
}

const ExportRule* ExportDesk::rule_for(const std::string& id) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(),
                                  [&](const auto& rule) { return selects(rule.device, id); });
  return found == rules_.end() ? nullptr : &*found;
}

bool ExportDesk::is_plugged_in(const ExportRule& rule) const {
  return std::any_of(present_.begin(), present_.end(),
                     [&](const auto& device) { return selects(rule.device, device.id); });
}

}  // namespace usbgw::node

#include "node/export_desk.h"

#include <algorithm>

namespace usbgw::node {
namespace {

// "1209:a101" selects every serial; "1209:a101:0001" one; "software:uac2" itself.
bool selects(const std::string& selector, const std::string& id) {
  const std::string wanted = control::canonical_device_id(selector);
  const std::string canonical = control::canonical_device_id(id);
  return wanted == canonical || canonical.starts_with(wanted + ":");
}

control::ExportedDevice exported(const device::PresentDevice& device, const ExportRule& rule) {
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
  out.present = true;
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
  return info_of(exported(device, ExportRule{}));
}

ExportDesk::ExportDesk(std::string node, std::vector<ExportRule> rules,
                       device::DeviceProvider& devices, AccessPolicy& access, ExportRecords records)
    : node_(std::move(node)),
      rules_(std::move(rules)),
      devices_(devices),
      access_(access),
      records_(records),
      directory_(node_) {}

void ExportDesk::refresh() {
  if (is_fresh_) return;
  is_fresh_ = true;
  directory_ = control::Directory(node_);
  present_ = devices_.list();
  std::erase_if(present_, [this](const auto& device) { return rule_for(device.id) == nullptr; });
  for (const auto& device : present_) directory_.put(exported(device, *rule_for(device.id)));
  for (const ExportRule& rule : rules_) {
    const bool is_there = std::any_of(present_.begin(), present_.end(), [&](const auto& device) {
      return selects(rule.device, device.id);
    });
    if (is_there) continue;
    control::ExportedDevice absent;
    absent.id = rule.device;
    absent.policy = rule.policy;
    directory_.put(std::move(absent));
  }
}

std::vector<wire::ExportInfo> ExportDesk::list(Instant now) {
  refresh();
  std::vector<wire::ExportInfo> infos;
  for (const control::ExportedDevice& device : directory_.exports()) {
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

Result<device::PresentDevice> ExportDesk::choose(const std::string& wanted) {
  refresh();
  const auto found = directory_.find(wanted);
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

Result<ExportDesk::Grant> ExportDesk::grant(const std::string& wanted, const control::Claim& claim,
                                            Instant now) {
  auto device = choose(wanted);
  if (!device) {
    records_.leases.note_refusal(wanted, claim.owner, device.error().context);
    return tl::unexpected(device.error());
  }
  if (auto reason = access_.refuses(claim.owner, *device)) {
    records_.leases.note_refusal(device->id, claim.owner, *reason);
    return fail(ErrorCode::refused, std::move(*reason));
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

}  // namespace usbgw::node

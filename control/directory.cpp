#include "control/directory.h"

#include <algorithm>
#include <cctype>

namespace usbgw::control {
namespace {

constexpr std::size_t kVidPidBytes = 9;  // "1209:a102"

bool is_meant(const ExportedDevice& device, std::string_view wanted) {
  return device.id == wanted || (wanted.size() == kVidPidBytes && device.id.size() > kVidPidBytes &&
                                 device.id.starts_with(wanted) && device.id[kVidPidBytes] == ':');
}

std::string joined_ids(const std::vector<const ExportedDevice*>& devices) {
  std::string ids;
  for (const auto* device : devices) ids += (ids.empty() ? "" : ", ") + device->id;
  return ids;
}

}  // namespace

std::string canonical_device_id(std::string_view selector) {
  std::string id(selector);
  const bool is_on_bus = id.size() >= kVidPidBytes && id[4] == ':' &&
                         (id.size() == kVidPidBytes || id[kVidPidBytes] == ':');
  if (!is_on_bus) return id;
  std::transform(id.begin(), id.begin() + kVidPidBytes, id.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return id;
}

void Directory::put(ExportedDevice device) {
  device.id = canonical_device_id(device.id);
  const auto same = std::find_if(exports_.begin(), exports_.end(),
                                 [&](const auto& known) { return known.id == device.id; });
  if (same == exports_.end())
    exports_.push_back(std::move(device));
  else
    *same = std::move(device);
}

bool Directory::set_present(std::string_view id, bool present) {
  const std::string wanted = canonical_device_id(id);
  const auto found = std::find_if(exports_.begin(), exports_.end(),
                                  [&](const auto& known) { return known.id == wanted; });
  if (found == exports_.end()) return false;
  found->present = present;
  return true;
}

bool Directory::remove(std::string_view id) {
  const std::string wanted = canonical_device_id(id);
  return std::erase_if(exports_, [&](const auto& known) { return known.id == wanted; }) > 0;
}

Result<const ExportedDevice*> Directory::find(std::string_view selector) const {
  const std::string wanted = canonical_device_id(selector);
  std::vector<const ExportedDevice*> all;
  std::vector<const ExportedDevice*> meant;
  std::vector<const ExportedDevice*> present;
  for (const auto& device : exports_) {
    all.push_back(&device);
    if (!is_meant(device, wanted)) continue;
    meant.push_back(&device);
    if (device.present) present.push_back(&device);
  }
  if (meant.empty())
    return fail(ErrorCode::not_found,
                node_ + " exports no " + wanted +
                    (all.empty() ? ", nor anything else" : "; it exports " + joined_ids(all)));
  // One serial may begin like another id's whole: the exact id wins.
  for (const auto* device : present)
    if (device->id == wanted) return device;
  if (present.empty())
    return fail(ErrorCode::unavailable,
                joined_ids(meant) + " is exported by " + node_ + " but not plugged in");
  if (present.size() > 1)
    return fail(ErrorCode::invalid_argument,
                wanted + " is ambiguous on " + node_ + ": " + joined_ids(present));
  return present.front();
}

}  // namespace usbgw::control

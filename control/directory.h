// What a node exports, and which of it "vid:pid[:serial]" means. Plain state of the control thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "control/exported_device.h"

namespace usbgw::control {

class Directory {
 public:
  // `node` names this side in errors.
  explicit Directory(std::string node) : node_(std::move(node)) {}

  // Adds the export, or replaces the one with the same id.
  void put(ExportedDevice device);
  // False when there is no such export.
  bool set_present(std::string_view id, bool present);
  bool remove(std::string_view id);

  // An id, or its vid:pid part when one plugged-in export alone has it. Hexadecimal digits in any
  // case. The errors say what there is instead. The pointer holds until the next change.
  [[nodiscard]] Result<const ExportedDevice*> find(std::string_view selector) const;
  [[nodiscard]] const std::vector<ExportedDevice>& exports() const { return exports_; }

 private:
  std::string node_;
  std::vector<ExportedDevice> exports_;  // in the order of their first appearance
};

// Lower-case hexadecimal in the vid:pid part; the serial stays as it is.
[[nodiscard]] std::string canonical_device_id(std::string_view selector);

}  // namespace usbgw::control

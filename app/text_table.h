// Columns for people: as wide as their longest cell, two spaces apart.
#pragma once

#include <string>
#include <vector>

namespace usbgw::app {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }
  // As many cells as the heading has; an empty one is printed as "-".
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  [[nodiscard]] std::string text(const std::string& indent = {}) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace usbgw::app

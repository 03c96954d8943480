// Single values of /sys and /proc.
#pragma once

#include <fstream>
#include <optional>
#include <string>

namespace usbgw::app {

// The first word of a file, or nothing when there is no file or no word.
inline std::optional<std::string> read_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (file >> word) return word;
  return std::nullopt;
}

inline std::optional<long> read_number(const std::string& path) {
  std::ifstream file(path);
  long number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

}  // namespace usbgw::app

// A configured value that remembers where it was written, so that whoever finds it impossible,
// however late, can name file, line and key.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/result.h"

namespace usbgw::config {

struct Location {
  std::string file;
  int line = 0;     // 1-based; 0: nowhere (a default, or the key is missing)
  std::string key;  // "dataplane.mtu"; entries of [[export]] count from 1: "export[2].device"
  // "studio.toml:12: dataplane.mtu"
  [[nodiscard]] std::string to_string() const;
};

template <class T>
struct Value {
  T value{};
  Location at;

  const T& operator*() const { return value; }
  const T* operator->() const { return &value; }
  [[nodiscard]] bool is_written() const { return at.line != 0; }
};

struct Problem {
  Location at;
  std::string text;  // what is wrong and what is allowed
  // "studio.toml:12: dataplane.mtu: 90000 is out of range; allowed: 1280 to 9000"
  [[nodiscard]] std::string to_string() const;
};

using Problems = std::vector<Problem>;

template <class T>
using Checked = tl::expected<T, Problems>;

}  // namespace usbgw::config

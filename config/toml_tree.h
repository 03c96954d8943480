// A TOML file as plain data with line numbers. toml++ stays behind this header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace usbgw::config {

struct TomlEntry;
struct TomlNode;
using TomlTable = std::vector<TomlEntry>;
using TomlArray = std::vector<TomlNode>;
struct TomlDate {};  // dates and times: nothing of ours is one

struct TomlNode {
  std::variant<std::string, std::int64_t, double, bool, TomlDate, TomlArray, TomlTable> value;
  int line = 0;
  // For messages: `text "abc"`, `the number 5`, `a list`.
  [[nodiscard]] std::string describe() const;
};

struct TomlEntry {
  std::string key;
  int line = 0;
  TomlNode node;
};

struct TomlFault {
  int line = 0;
  std::string text;
};

[[nodiscard]] Result<TomlTable, TomlFault> parse_toml(std::string_view text);

}  // namespace usbgw::config

#include "config/toml_tree.h"

// Errors as values, and the parser compiled here alone.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <type_traits>

namespace usbgw::config {
namespace {

int line_of(const toml::source_region& region) {
  return static_cast<int>(region.begin.line);
}

TomlTable copy_table(const toml::table& table);
TomlArray copy_array(const toml::array& array);

TomlNode copy_node(const toml::node& source) {
  TomlNode node;
  node.line = line_of(source.source());
  source.visit([&node](const auto& item) {
    using Item = std::remove_cvref_t<decltype(item)>;
    if constexpr (std::is_same_v<Item, toml::table>) {
      node.value = copy_table(item);
    } else if constexpr (std::is_same_v<Item, toml::array>) {
      node.value = copy_array(item);
    } else if constexpr (toml::is_string<Item> || toml::is_integer<Item> ||
                         toml::is_floating_point<Item> || toml::is_boolean<Item>) {
      node.value = item.get();
    } else {
      node.value = TomlDate{};
    }
  });
  return node;
}

TomlTable copy_table(const toml::table& table) {
  TomlTable entries;
  for (const auto& [key, value] : table) {
    entries.push_back({std::string(key.str()), line_of(key.source()), copy_node(value)});
  }
  return entries;
}

TomlArray copy_array(const toml::array& array) {
  TomlArray items;
  for (const auto& item : array) items.push_back(copy_node(item));
  return items;
}

struct Describe {
  std::string operator()(const std::string& text) const { return "text \"" + text + "\""; }
  std::string operator()(std::int64_t number) const {
    return "the number " + std::to_string(number);
  }
  std::string operator()(double number) const { return "the number " + std::to_string(number); }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(const TomlDate&) const { return "a date or time"; }
  std::string operator()(const TomlArray&) const { return "a list"; }
  std::string operator()(const TomlTable&) const { return "a section"; }
};

}  // namespace

std::string TomlNode::describe() const {
  return std::visit(Describe{}, value);
}

Result<TomlTable, TomlFault> parse_toml(std::string_view text) {
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    const toml::parse_error& error = result.error();
    return tl::unexpected<TomlFault>(
        TomlFault{line_of(error.source()), std::string(error.description())});
  }
  return copy_table(result.table());
}

}  // namespace usbgw::config

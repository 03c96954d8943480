#include "config/table_reader.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "config/spelling.h"

namespace usbgw::config {
namespace {

std::string plain(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", number);
  return text.data();
}

std::string out_of_range(const std::string& written, const std::string& low,
                         const std::string& high) {
  return written + " is out of range; allowed: " + low + " to " + high;
}

}  // namespace

TableReader::TableReader(ReadState& state, std::string prefix, const TomlTable* table, int line)
    : state_(&state), prefix_(std::move(prefix)), table_(table), line_(line) {
  if (table_ == nullptr) return;
  for (const TomlEntry& entry : *table_) {
    state_->written.push_back({state_->file, entry.line, full(entry.key)});
  }
}

std::string TableReader::full(std::string_view key) const {
  if (prefix_.empty()) return std::string(key);
  return key.empty() ? prefix_ : prefix_ + "." + std::string(key);
}

const TomlEntry* TableReader::find(std::string_view key) const {
  if (table_ == nullptr) return nullptr;
  const auto found = std::find_if(table_->begin(), table_->end(),
                                  [&](const TomlEntry& entry) { return entry.key == key; });
  return found == table_->end() ? nullptr : &*found;
}

const TomlEntry* TableReader::note(std::string_view key) {
  asked_.push_back(key);
  return find(key);
}

bool TableReader::has(std::string_view key) const {
  return find(key) != nullptr;
}

Location TableReader::location(std::string_view key) const {
  const TomlEntry* entry = find(key);
  return {state_->file, entry == nullptr ? 0 : entry->line, full(key)};
}

void TableReader::complain(std::string_view key, std::string text) {
  Location at = location(key);
  if (at.line == 0) at.line = line_;
  state_->problems.push_back({std::move(at), std::move(text)});
}

void TableReader::require(std::string_view key, std::string_view example) {
  // A section of the wrong kind has been complained of already.
  const bool is_malformed = table_ == nullptr && line_ > 0;
  if (!has(key) && !is_malformed) complain(key, "missing; write " + std::string(example));
}

void TableReader::wrong_type(const TomlEntry& entry, std::string_view expected) {
  complain(entry.key, "expected " + std::string(expected) + ", found " + entry.node.describe());
}

Value<std::string> TableReader::text(std::string_view key, std::string fallback) {
  Value<std::string> value{std::move(fallback), location(key)};
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return value;
  if (const auto* words = std::get_if<std::string>(&entry->node.value)) {
    value.value = *words;
    if (words->empty()) complain(key, "is empty; leave the key out instead");
  } else {
    wrong_type(*entry, "text in quotes");
  }
  return value;
}

Value<bool> TableReader::boolean(std::string_view key, bool fallback) {
  Value<bool> value{fallback, location(key)};
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return value;
  if (const auto* truth = std::get_if<bool>(&entry->node.value)) {
    value.value = *truth;
  } else {
    wrong_type(*entry, "true or false");
  }
  return value;
}

Value<double> TableReader::number(std::string_view key, double fallback, double low, double high) {
  Value<double> value{fallback, location(key)};
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return value;
  if (const auto* real = std::get_if<double>(&entry->node.value)) {
    value.value = *real;
  } else if (const auto* integer = std::get_if<std::int64_t>(&entry->node.value)) {
    value.value = static_cast<double>(*integer);
  } else {
    wrong_type(*entry, "a number");
    return value;
  }
  if (!(value.value >= low && value.value <= high)) {
    complain(key, out_of_range(plain(value.value), plain(low), plain(high)));
    value.value = fallback;
  }
  return value;
}

Value<Duration> TableReader::duration(std::string_view key, Value<Duration> fallback, Duration low,
                                      Duration high) {
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return fallback;
  const auto* words = std::get_if<std::string>(&entry->node.value);
  if (words == nullptr) {
    wrong_type(*entry, "a duration in quotes with its unit, as in \"2ms\"");
    return fallback;
  }
  Value<Duration> value{fallback.value, location(key)};
  if (!take(key, parse_duration(*words), value.value)) return fallback;
  if (value.value < low || value.value > high) {
    complain(key,
             out_of_range(duration_text(value.value), duration_text(low), duration_text(high)));
    return fallback;
  }
  return value;
}

std::optional<std::int64_t> TableReader::whole(std::string_view key, std::int64_t low,
                                               std::int64_t high) {
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return std::nullopt;
  const auto* integer = std::get_if<std::int64_t>(&entry->node.value);
  const std::string allowed = std::to_string(low) + " to " + std::to_string(high);
  if (integer == nullptr) {
    wrong_type(*entry, "a whole number (" + allowed + ")");
    return std::nullopt;
  }
  if (*integer < low || *integer > high) {
    complain(key,
             out_of_range(std::to_string(*integer), std::to_string(low), std::to_string(high)));
    return std::nullopt;
  }
  return *integer;
}

std::optional<std::string> TableReader::text_or_number(std::string_view key) {
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return std::nullopt;
  if (const auto* words = std::get_if<std::string>(&entry->node.value)) return *words;
  if (const auto* integer = std::get_if<std::int64_t>(&entry->node.value)) {
    return std::to_string(*integer);
  }
  wrong_type(*entry, "text in quotes");
  return std::nullopt;
}

std::vector<std::string> TableReader::text_list(std::string_view key) {
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return {};
  if (const auto* words = std::get_if<std::string>(&entry->node.value)) return {*words};
  std::vector<std::string> texts;
  const auto* items = std::get_if<TomlArray>(&entry->node.value);
  if (items == nullptr) {
    wrong_type(*entry, "text in quotes or a list of them");
    return {};
  }
  for (const TomlNode& item : *items) {
    if (const auto* words = std::get_if<std::string>(&item.value)) {
      texts.push_back(*words);
    } else {
      complain(key, "expected a list of texts in quotes, found " + item.describe() + " in it");
    }
  }
  return texts;
}

std::optional<std::size_t> TableReader::index_of(std::string_view key,
                                                 std::span<const std::string_view> names) {
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return std::nullopt;
  const auto* words = std::get_if<std::string>(&entry->node.value);
  if (words == nullptr) {
    wrong_type(*entry, "text in quotes");
    return std::nullopt;
  }
  const auto found = std::find(names.begin(), names.end(), *words);
  if (found == names.end()) {
    complain(key, unknown("\"" + *words + "\" is not known", *words, names));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - names.begin());
}

TableReader TableReader::section(std::string_view key) {
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return {*state_, full(key), nullptr, 0};
  const auto* table = std::get_if<TomlTable>(&entry->node.value);
  if (table == nullptr) {
    const bool is_list = std::holds_alternative<TomlArray>(entry->node.value);
    complain(key, "expected a section, written [" + full(key) + "] once" +
                      (is_list ? "" : ", found " + entry->node.describe()));
  }
  return {*state_, full(key), table, entry->line};
}

std::vector<TableReader> TableReader::entries(std::string_view key) {
  const TomlEntry* entry = note(key);
  if (entry == nullptr) return {};
  const auto* items = std::get_if<TomlArray>(&entry->node.value);
  const bool are_tables =
      items != nullptr && std::all_of(items->begin(), items->end(), [](const TomlNode& item) {
        return std::holds_alternative<TomlTable>(item.value);
      });
  if (!are_tables) {
    complain(key, "expected entries, each written [[" + full(key) + "]]");
    return {};
  }
  std::vector<TableReader> readers;
  for (const TomlNode& item : *items) {
    const std::string name = full(key) + "[" + std::to_string(readers.size() + 1) + "]";
    state_->written.push_back({state_->file, item.line, name});
    readers.push_back({*state_, name, &std::get<TomlTable>(item.value), item.line});
  }
  return readers;
}

void TableReader::finish() {
  if (table_ == nullptr) return;
  std::sort(asked_.begin(), asked_.end());
  for (const TomlEntry& entry : *table_) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) == asked_.end()) {
      const std::string_view what =
          std::holds_alternative<TomlTable>(entry.node.value) ? "unknown section" : "unknown key";
      complain(entry.key, unknown(what, entry.key, asked_));
    }
  }
}

}  // namespace usbgw::config

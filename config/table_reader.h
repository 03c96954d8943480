// Reads one section of the file: each call takes one key, checks type and limits, and notes what is
// wrong without stopping. finish() then reports the keys that nobody asked for.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/quantity.h"
#include "config/toml_tree.h"
#include "config/value.h"

namespace usbgw::config {

// What all readers of one file share.
struct ReadState {
  std::string file;
  Problems problems;
  std::vector<Location> written;
};

template <class E>
struct Choice {
  std::string_view name;
  E value;
};

class TableReader {
 public:
  // `table` may be null: the section is absent and everything takes its default.
  TableReader(ReadState& state, std::string prefix, const TomlTable* table, int line);

  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] Location location(std::string_view key) const;
  // Where the section or entry itself stands.
  [[nodiscard]] Location entry() const { return {state_->file, line_, prefix_}; }
  void complain(std::string_view key, std::string text);
  // Notes a missing key; `example` completes "missing; write ".
  void require(std::string_view key, std::string_view example);

  Value<std::string> text(std::string_view key, std::string fallback = {});
  Value<bool> boolean(std::string_view key, bool fallback);
  Value<double> number(std::string_view key, double fallback, double low, double high);
  Value<Duration> duration(std::string_view key, Value<Duration> fallback, Duration low,
                           Duration high);

  template <class T>
  Value<T> integer(std::string_view key, T fallback, std::int64_t low, std::int64_t high) {
    const auto read = whole(key, low, high);
    return {read ? static_cast<T>(*read) : fallback, location(key)};
  }

  template <class T>
  std::optional<Value<T>> optional_integer(std::string_view key, std::int64_t low,
                                           std::int64_t high) {
    if (!has(key)) return note(key), std::nullopt;
    return integer<T>(key, T{}, low, high);
  }

  // Text that `parse` understands; a whole number is handed to it as text too.
  template <class T>
  Value<T> parsed(std::string_view key, T fallback, Parsed<T> (*parse)(std::string_view)) {
    Value<T> value{std::move(fallback), location(key)};
    if (const auto words = text_or_number(key)) take(key, parse(*words), value.value);
    return value;
  }

  template <class T>
  std::optional<Value<T>> optional_parsed(std::string_view key,
                                          Parsed<T> (*parse)(std::string_view)) {
    if (!has(key)) return note(key), std::nullopt;
    return parsed<T>(key, T{}, parse);
  }

  // One text or a list of texts.
  template <class T>
  std::vector<Value<T>> list(std::string_view key, Parsed<T> (*parse)(std::string_view)) {
    std::vector<Value<T>> values;
    for (const std::string& words : text_list(key)) {
      Value<T> value{T{}, location(key)};
      if (take(key, parse(words), value.value)) values.push_back(std::move(value));
    }
    return values;
  }

  template <class E>
  Value<E> choice(std::string_view key, E fallback, std::initializer_list<Choice<E>> choices) {
    Value<E> value{fallback, location(key)};
    std::vector<std::string_view> names;
    for (const auto& one : choices) names.push_back(one.name);
    if (const auto index = index_of(key, names)) value.value = (choices.begin() + *index)->value;
    return value;
  }

  [[nodiscard]] std::vector<std::string> text_list(std::string_view key);
  // Another section inside this one, for the file's top level.
  [[nodiscard]] TableReader section(std::string_view key);
  // [[key]]: one reader for each entry.
  [[nodiscard]] std::vector<TableReader> entries(std::string_view key);
  void finish();

 private:
  const TomlEntry* find(std::string_view key) const;
  const TomlEntry* note(std::string_view key);
  void wrong_type(const TomlEntry& entry, std::string_view expected);
  std::optional<std::int64_t> whole(std::string_view key, std::int64_t low, std::int64_t high);
  std::optional<std::string> text_or_number(std::string_view key);
  std::optional<std::size_t> index_of(std::string_view key,
                                      std::span<const std::string_view> names);
  std::string full(std::string_view key) const;

  template <class T>
  bool take(std::string_view key, Parsed<T>&& result, T& value) {
    if (result) {
      value = *std::move(result);
    } else {
      complain(key, std::move(result.error()));
    }
    return result.has_value();
  }

  ReadState* state_;
  std::string prefix_;
  const TomlTable* table_;
  int line_;
  std::vector<std::string_view> asked_;
};

}  // namespace usbgw::config

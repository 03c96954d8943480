// Bounded readers and writers. HeaderReader proves one length at run time and every offset at
// compile time; ByteReader and ByteWriter walk what has no fixed layout, and remember the first
// overrun.
#pragma once

#include <optional>
#include <span>

#include "common/byte_order.h"

namespace usbgw {

template <std::size_t Fixed>
class HeaderReader {
 public:
  // Nothing when `bytes` is shorter than the fixed header.
  [[nodiscard]] static std::optional<HeaderReader> over(std::span<const std::byte> bytes) {
    if (bytes.size() < Fixed) return std::nullopt;
    return HeaderReader(bytes);
  }
  template <std::unsigned_integral U, std::size_t Offset>
  [[nodiscard]] U load() const {
    static_assert(Offset + sizeof(U) <= Fixed, "field lies outside the fixed header");
    return load_be<U>(bytes_.data() + Offset);
  }
  [[nodiscard]] std::span<const std::byte> rest() const { return bytes_.subspan(Fixed); }

 private:
  explicit HeaderReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

template <std::size_t Fixed>
class HeaderWriter {
 public:
  [[nodiscard]] static std::optional<HeaderWriter> over(std::span<std::byte> bytes) {
    if (bytes.size() < Fixed) return std::nullopt;
    return HeaderWriter(bytes);
  }
  template <std::unsigned_integral U, std::size_t Offset>
  void store(std::type_identity_t<U> value) {
    static_assert(Offset + sizeof(U) <= Fixed, "field lies outside the fixed header");
    store_be<U>(bytes_.data() + Offset, value);
  }
  [[nodiscard]] std::span<std::byte> rest() const { return bytes_.subspan(Fixed); }

 private:
  explicit HeaderWriter(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

// Sequential big-endian reader. After an overrun every read gives zero and ok() is false: check
// once at the end.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <std::unsigned_integral U>
  [[nodiscard]] U read() {
    const auto field = take(sizeof(U));
    return field.empty() ? U{} : load_be<U>(field.data());
  }
  // An empty span after an overrun (and for count 0).
  [[nodiscard]] std::span<const std::byte> take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto field = rest_.first(count);
    rest_ = rest_.subspan(count);
    return field;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::span<const std::byte> rest() const { return rest_; }

 private:
  std::span<const std::byte> rest_;
  bool ok_ = true;
};

// Sequential big-endian writer. What does not fit is not written, and ok() is false from then on.
class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::byte> bytes) : all_(bytes) {}

  template <std::unsigned_integral U>
  void write(std::type_identity_t<U> value) {
    const auto field = claim(sizeof(U));
    if (!field.empty()) store_be<U>(field.data(), value);
  }
  void append(std::span<const std::byte> bytes) {
    const auto field = claim(bytes.size());
    if (!field.empty()) std::memcpy(field.data(), bytes.data(), bytes.size());
  }
  // Room to fill later; empty when it does not fit.
  [[nodiscard]] std::span<std::byte> claim(std::size_t count) {
    if (!ok_ || count > all_.size() - used_) {
      ok_ = false;
      return {};
    }
    const auto field = all_.subspan(used_, count);
    used_ += count;
    return field;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t room() const { return ok_ ? all_.size() - used_ : 0; }
  [[nodiscard]] std::span<std::byte> written() const { return all_.first(used_); }

 private:
  std::span<std::byte> all_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace usbgw

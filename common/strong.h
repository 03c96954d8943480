// Strong types for ids and counters: two with different tags neither mix nor convert.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace usbgw {

template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Strong&) const = default;

 private:
  Rep value_{};
};

}  // namespace usbgw

template <class Tag, class Rep>
struct std::hash<usbgw::Strong<Tag, Rep>> {
  std::size_t operator()(usbgw::Strong<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};

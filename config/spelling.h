// "Did you mean": the allowed word nearest to what was written.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace usbgw::config {

// Nothing when no word is near enough to be meant (a third of its letters may differ).
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view written,
                                                      std::span<const std::string_view> allowed);

// `unknown key; did you mean "mtu"? Allowed: dscp, mtu` for `what` = "unknown key".
[[nodiscard]] std::string unknown(std::string_view what, std::string_view written,
                                  std::span<const std::string_view> allowed);

}  // namespace usbgw::config

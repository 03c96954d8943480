// Session indices from the kernel's random numbers.
#pragma once

#include <sys/random.h>

#include "common/assertion.h"
#include "node/session_numbers.h"

namespace usbgw::app {

class SystemNumbers final : public node::SessionNumbers {
 public:
  [[nodiscard]] session::SessionIndex next_index() override {
    return session::SessionIndex{random()};
  }
  [[nodiscard]] static std::uint32_t random() {
    std::uint32_t value = 0;
    const auto got = getrandom(&value, sizeof value, 0);
    USBGW_ASSERT(got == sizeof value);
    return value;
  }
};

}  // namespace usbgw::app

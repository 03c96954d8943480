// Session indices that repeat with the seed. Never in production: an outsider could guess them.
#pragma once

#include "common/random.h"
#include "node/session_numbers.h"

namespace usbgw::simulation {

class SeededNumbers final : public node::SessionNumbers {
 public:
  explicit SeededNumbers(std::uint64_t seed) : random_(seed) {}
  [[nodiscard]] session::SessionIndex next_index() override {
    return session::SessionIndex{static_cast<std::uint32_t>(random_.next())};
  }

 private:
  Random random_;
};

}  // namespace usbgw::simulation

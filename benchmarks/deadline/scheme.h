// The schemes that are compared, by what they add to a source a millisecond.
#pragma once

#include <string>
#include <vector>

#include "dataplane/session/session.h"

namespace usbgw::benchmarks {

struct Scheme {
  std::string name;
  session::RepairOptions repair;
  [[nodiscard]] bool is_controller() const {
    return repair.scheme == session::RepairScheme::automatic;
  }
};

// For a deadline D: times in them depend on it.
[[nodiscard]] std::vector<Scheme> schemes_for(Duration deadline);

}  // namespace usbgw::benchmarks

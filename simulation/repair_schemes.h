// The repair schemes that are compared: by `./dev bench deadline` and `usbgw plan`.
#pragma once

#include <string>
#include <vector>

#include "dataplane/session/session.h"

namespace usbgw::simulation {

struct Scheme {
  std::string name;
  session::RepairOptions repair;
  [[nodiscard]] bool is_controller() const {
    return repair.scheme == session::RepairScheme::automatic;
  }
};

// For a deadline D and a source each `interval`: times in them depend on both. The first is no
// repair at all.
[[nodiscard]] std::vector<Scheme> schemes_for(Duration deadline, Duration interval);
// Beside them, what D has room for: longer blocks and windows, which take less.
[[nodiscard]] std::vector<Scheme> longer_schemes_for(Duration deadline, Duration interval);
// The same, and the receiver asks for what is missing.
[[nodiscard]] Scheme with_requests(Scheme scheme);

}  // namespace usbgw::simulation

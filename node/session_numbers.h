// Gives each session its handle and the unpredictable index under which it receives. Control
// thread.
#pragma once

#include <cstdint>

#include "dataplane/session/session.h"
#include "node/session_links.h"

namespace usbgw::node {

class SessionNumbers {
 public:
  virtual ~SessionNumbers() = default;
  [[nodiscard]] SessionHandle next_handle() { return SessionHandle{++last_}; }
  // Random in production: an outsider must not guess it. Collisions cost one refused session.
  [[nodiscard]] virtual session::SessionIndex next_index() = 0;

 private:
  std::uint32_t last_ = 0;
};

}  // namespace usbgw::node

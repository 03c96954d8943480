// A running node: ports, workers, roles and the admin socket, from the configuration. Threads: one
// packet worker for each port and one USB worker for each role, or all of them fused on small
// machines; one control worker; the caller only waits.
#pragma once

#include <memory>

#include "app/dataplane.h"
#include "common/log.h"
#include "config/document.h"

namespace usbgw::simulation {
struct ImpairmentProfile;
}

namespace usbgw::app {

class NodeRuntime {
 public:
  // Opens everything that can fail; nothing runs yet. Errors are one line for people.
  [[nodiscard]] static Result<std::unique_ptr<NodeRuntime>> make(const config::Document& document,
                                                                 Log& log);
  ~NodeRuntime();
  NodeRuntime(const NodeRuntime&) = delete;
  NodeRuntime& operator=(const NodeRuntime&) = delete;

  void start();
  // Unplugs and gives everything back; waits at most `limit`. False: something was left behind.
  [[nodiscard]] bool stop(Duration limit);

 private:
  struct Parts;
  explicit NodeRuntime(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace usbgw::app

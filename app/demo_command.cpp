#include "app/demo_command.h"

namespace usbgw::app {

Result<int> run_demo(const DemoOptions& options) {
  return fail(ErrorCode::unavailable, "demo: this build cannot play to " + options.output);
}

}  // namespace usbgw::app

#include "app/run_node.h"

namespace usbgw::app {

Result<int> run_node(const config::Document& document) {
  return fail(ErrorCode::unavailable, document.file + ": this build has no roles to run");
}

}  // namespace usbgw::app

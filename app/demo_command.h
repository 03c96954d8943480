// `usbgw demo`: agent, host and an impaired link in one process, and what it sounds and looks like.
#pragma once

#include <string>

#include "common/result.h"
#include "common/timeline.h"

namespace usbgw::app {

struct DemoOptions {
  std::string config;  // empty: the shipped demo.toml
  std::string wav;     // what is played; empty: a generated tune
  std::string output = "demo-output";
  Duration length = std::chrono::seconds(10);
  bool use_kernel = true;  // attach to vhci_hcd where it and the right are there
};

[[nodiscard]] Result<int> run_demo(const DemoOptions& options);

}  // namespace usbgw::app

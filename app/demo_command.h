// `usbgw demo`: agent, host and an impaired link in one process, and what it sounds and looks like.
#pragma once

#include <optional>
#include <string>

#include "app/demo_virtual.h"
#include "common/result.h"
#include "common/timeline.h"

namespace usbgw::app {

struct DemoOptions {
  std::string config;  // empty: the shipped demo.toml
  std::string wav;     // what is played; empty: a generated tune
  std::string output = "demo-output";
  std::optional<Duration> length;  // not set: 10 s; an hour where a person tries the kernel's card
  bool use_kernel = true;          // attach to vhci_hcd where it and the right are there
  bool is_virtual = false;         // under virtual time, with these
  VirtualDemoOptions virtual_demo;
};

[[nodiscard]] Result<int> run_demo(const DemoOptions& options);

}  // namespace usbgw::app

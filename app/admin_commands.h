// `usbgw list | attach | detach | status`: ask a running usbgw and print its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/timeline.h"

namespace usbgw::app {

struct AdminOptions {
  std::string socket;  // first choice
  std::string config;  // else the socket that this file names
  bool json = false;
  std::string device;
  std::string peer;
  std::optional<std::uint32_t> vhci_port;
  std::uint32_t wait_s = 0;                      // attach: for the peer to be connected
  Duration patience = std::chrono::seconds(45);  // beyond what the running usbgw gives an attach
};

[[nodiscard]] Result<int> run_list(const AdminOptions& options);
[[nodiscard]] Result<int> run_attach(const AdminOptions& options);
[[nodiscard]] Result<int> run_detach(const AdminOptions& options);
[[nodiscard]] Result<int> run_status(const AdminOptions& options);

// The socket to ask: named, or of the only usbgw that runs in `folder`.
[[nodiscard]] Result<std::string> find_socket(const AdminOptions& options,
                                              const std::string& folder = "/run/usbgw");

}  // namespace usbgw::app

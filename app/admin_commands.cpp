#include "app/admin_commands.h"

#include <cstdio>
#include <filesystem>
#include <vector>

#include "app/config_command.h"
#include "app/report_text.h"
#include "config/device_selector.h"
#include "control/admin_client.h"
#include "control/unix_socket.h"

namespace usbgw::app {
namespace {

Result<control::AdminReport> ask(const AdminOptions& options,
                                 const control::AdminRequest& request) {
  return find_socket(options).and_then(
      [&](const std::string& socket) { return control::ask(socket, request, options.patience); });
}

// Prints the report as JSON or as `text` words it.
template <class Report, class Words>
Result<int> print(const AdminOptions& options, const Result<control::AdminReport>& reply,
                  Words&& words) {
  if (!reply) return tl::unexpected<Error>(reply.error());
  const auto* report = std::get_if<Report>(&*reply);
  if (report == nullptr) {
    return fail(ErrorCode::protocol,
                "the running usbgw answered another question; is it of "
                "another version?");
  }
  const std::string text = options.json ? control::to_json_text(*reply) + "\n" : words(*report);
  std::fputs(text.c_str(), stdout);
  return 0;
}

// Asks without a wait first: whoever has to wait is told so, and for what.
Result<control::AdminReport> ask_attach(AdminOptions options) {
  control::AttachRequest request{options.device, options.peer, options.vhci_port, 0};
  auto reply = ask(options, request);
  if (reply || reply.error().code != ErrorCode::disconnected) return reply;
  if (options.wait_s == 0) {
    return fail(ErrorCode::disconnected, reply.error().context + "; --wait S waits for it");
  }
  std::fprintf(stderr, "usbgw: %s; waiting up to %u s\n", reply.error().context.c_str(),
               options.wait_s);
  request.wait_s = options.wait_s;
  options.patience += std::chrono::seconds(options.wait_s);
  return ask(options, request);
}

Result<void> check_device(const std::string& device) {
  if (const auto parsed = config::parse_device(device); !parsed) {
    return fail(ErrorCode::invalid_argument, parsed.error());
  }
  return {};
}

}  // namespace

Result<std::string> find_socket(const AdminOptions& options, const std::string& folder) {
  if (!options.socket.empty()) return options.socket;
  if (!options.config.empty()) {
    return load_config(options.config).map([](const config::Document& document) {
      return *document.admin.socket;
    });
  }
  std::vector<std::string> sockets;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string path = entry.path().string();
    // One that belongs to another user counts: asking it says so.
    const auto socket = entry.path().extension() == ".sock" ? control::connect_to(path)
                                                            : fail(ErrorCode::unavailable, {});
    if (socket || socket.error().code == ErrorCode::refused) sockets.push_back(path);
  }
  if (sockets.size() == 1) return sockets.front();
  if (sockets.empty()) {
    return fail(ErrorCode::unavailable,
                "no usbgw answers in " + folder +
                    ": start it with usbgw --config FILE, or name its socket with --socket PATH");
  }
  std::string names;
  for (const std::string& path : sockets) names += (names.empty() ? "" : ", ") + path;
  return fail(ErrorCode::invalid_argument,
              "several usbgw run here: choose one with --socket PATH (" + names + ")");
}

Result<int> run_list(const AdminOptions& options) {
  const auto reply = ask(options, control::ListRequest{options.peer});
  return print<control::ListReport>(options, reply, list_text);
}

Result<int> run_attach(const AdminOptions& options) {
  if (auto checked = check_device(options.device); !checked) {
    return tl::unexpected<Error>(checked.error());
  }
  const auto reply = ask_attach(options);
  return print<control::AttachReport>(options, reply, attach_text);
}

Result<int> run_detach(const AdminOptions& options) {
  if (auto checked = check_device(options.device); !checked) {
    return tl::unexpected<Error>(checked.error());
  }
  const auto reply = ask(options, control::DetachRequest{options.device, options.peer});
  return print<control::DetachReport>(options, reply, detach_text);
}

Result<int> run_status(const AdminOptions& options) {
  return print<control::StatusReport>(options, ask(options, control::StatusRequest{}), status_text);
}

}  // namespace usbgw::app

#include "app/config_command.h"

#include <cstdio>

#include "app/account.h"
#include "app/credentials.h"
#include "app/layer_checks.h"
#include "app/run_node.h"

namespace usbgw::app {
namespace {

// With a ring nothing leaves the process, and [security] says nothing.
Result<void> check_credentials(const config::Document& document) {
  if (document.uses_ring()) return {};
  return load_credentials(document).map([](const crypto::TlsContext&) {});
}

}  // namespace

Error as_error(const config::Problems& problems) {
  Error error{ErrorCode::invalid_argument, {}};
  for (const config::Problem& problem : problems) {
    if (!error.context.empty()) error.context += '\n';
    error.context += problem.to_string();
  }
  return error;
}

Result<config::Document> load_config(const std::string& file) {
  auto document = config::load_document(file);
  if (!document) return tl::unexpected<Error>(as_error(document.error()));
  if (const config::Problems problems = check_layers(*document); !problems.empty()) {
    return tl::unexpected<Error>(as_error(problems));
  }
  return *std::move(document);
}

Result<int> run_check(const std::string& file) {
  const auto document = load_config(file);
  if (!document) return tl::unexpected<Error>(document.error());
  if (auto loaded = check_credentials(*document); !loaded) return tl::unexpected(loaded.error());
  if (document->node.user.is_written()) {
    if (const auto account = find_account(document->node.user); !account) {
      std::fprintf(stderr, "usbgw: note: %s\n", account.error().context.c_str());
    }
  }
  std::printf("%s: ok\n", file.c_str());
  return 0;
}

Result<int> run_config(const std::string& file) {
  const auto document = load_config(file);
  if (!document) return tl::unexpected<Error>(document.error());
  // Before a port is opened: what is wrong is told at once, and with its line.
  if (auto loaded = check_credentials(*document); !loaded) return tl::unexpected(loaded.error());
  return run_node(*document);
}

}  // namespace usbgw::app

#include "app/keys_command.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/keys.h"

namespace usbgw::app {
namespace {

using Written = Result<std::vector<std::string>>;

Result<int> report(const KeysOptions& options, const Written& written, const std::string& advice) {
  if (!written) return tl::unexpected<Error>(written.error());
  if (options.json) {
    std::puts(nlohmann::json{{"files", *written}}.dump(2).c_str());
    return 0;
  }
  for (const std::string& path : *written) std::printf("wrote %s\n", path.c_str());
  std::puts(advice.c_str());
  return 0;
}

control::WallTime now() {
  return std::chrono::system_clock::now();
}

}  // namespace

Result<int> run_keys_init(const KeysOptions& options) {
  return report(options,
                control::init_authority(options.directory, now(),
                                        options.days.value_or(control::kAuthorityDays)),
                "now: usbgw keys issue NAME, for every node; keep authority.key off the nodes");
}

Result<int> run_keys_issue(const KeysOptions& options) {
  return report(options,
                control::issue_identity(options.directory, options.name, now(),
                                        options.days.value_or(control::kIdentityDays)),
                "now: copy authority.pem and these two to " + options.name +
                    ", and name them in its [security]");
}

Result<int> run_keys_psk(const KeysOptions& options) {
  // Only the folder itself: a name is checked before it becomes a path.
  std::error_code ignored;
  std::filesystem::create_directory(options.directory, ignored);
  const std::string file = options.directory + "/" + options.name + ".psk";
  return report(options, control::generate_preshared_key(file, options.name),
                "now: copy it to both ends, and name it as psk_file in their [security]");
}

}  // namespace usbgw::app

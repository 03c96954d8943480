#include "app/keys_command.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/new_file.h"
#include "crypto/identity.h"
#include "crypto/preshared_key.h"

namespace usbgw::app {
namespace {

struct NewFile {
  std::string path;
  std::string text;
  Access access;
};

std::string in_folder(const KeysOptions& options, const std::string& file) {
  return (std::filesystem::path(options.directory) / file).string();
}

crypto::Validity validity(const KeysOptions& options) {
  using namespace std::chrono;
  const auto now = system_clock::now();
  // An hour back, for a peer whose clock is behind.
  return {now - hours(1), now + hours(24) * options.days};
}

// A pair without its other half helps nobody: what was written is taken back.
Result<void> write_all(const std::vector<NewFile>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto written = write_new_file(files[i].path, files[i].text, files[i].access);
    if (written) continue;
    for (std::size_t j = 0; j < i; ++j) std::filesystem::remove(files[j].path);
    return written;
  }
  return {};
}

Result<int> write_and_report(const KeysOptions& options, const std::vector<NewFile>& files,
                             const std::string& advice) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (auto written = write_all(files); !written) return tl::unexpected<Error>(written.error());
  nlohmann::json paths = nlohmann::json::array();
  for (const NewFile& file : files) {
    paths.push_back(file.path);
    if (!options.json) std::printf("wrote %s\n", file.path.c_str());
  }
  if (options.json) {
    std::puts(nlohmann::json{{"files", paths}}.dump(2).c_str());
  } else {
    std::puts(advice.c_str());
  }
  return 0;
}

}  // namespace

Result<int> run_keys_init(const KeysOptions& options) {
  const std::string name = options.name.empty() ? "usbgw-authority" : options.name;
  const auto authority = crypto::make_authority(name, validity(options));
  if (!authority) return tl::unexpected<Error>(authority.error());
  return write_and_report(
      options,
      {{in_folder(options, "ca.key"), authority->key_pem, Access::owner_alone},
       {in_folder(options, "ca.crt"), authority->certificate_pem, Access::everyone_reads}},
      "now: usbgw keys issue NAME, for every node; keep ca.key off the nodes");
}

Result<int> run_keys_issue(const KeysOptions& options) {
  if (auto named = crypto::check_node_name(options.name); !named) {
    return tl::unexpected<Error>(named.error());
  }
  const auto certificate = read_file(in_folder(options, "ca.crt"));
  const auto key = read_file(in_folder(options, "ca.key"));
  if (!certificate || !key) {
    const Error& error = certificate ? key.error() : certificate.error();
    return fail(error.code, error.context + "; usbgw keys init makes the authority");
  }
  const auto identity =
      crypto::issue_identity({*certificate, *key}, options.name, validity(options));
  if (!identity) return tl::unexpected<Error>(identity.error());
  return write_and_report(
      options,
      {{in_folder(options, options.name + ".key"), identity->key_pem, Access::owner_alone},
       {in_folder(options, options.name + ".crt"), identity->certificate_pem,
        Access::everyone_reads}},
      "now: copy ca.crt and these two to " + options.name + ", and name them in its [security]");
}

Result<int> run_keys_psk(const KeysOptions& options) {
  const auto key = crypto::make_preshared_key(options.name);
  if (!key) return tl::unexpected<Error>(key.error());
  return write_and_report(
      options,
      {{in_folder(options, options.name + ".psk"), crypto::to_line(*key), Access::owner_alone}},
      "now: copy it to both ends, and name it as psk_file in their [security]");
}

}  // namespace usbgw::app

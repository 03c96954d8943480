#include "control/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "control/file_descriptor.h"
#include "crypto/identity.h"
#include "crypto/preshared_key.h"

namespace usbgw::control {
namespace {

constexpr ::mode_t kSecret = 0600;
constexpr ::mode_t kPublic = 0644;
constexpr auto kClockSkew = std::chrono::hours(1);  // a peer's clock may be behind ours

struct NewFile {
  std::string path;
  std::string text;
  ::mode_t mode;
};

Result<void> write_file(const NewFile& file) {
  const FileDescriptor fd(
      ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file.mode));
  if (!fd && errno == EEXIST)
    return fail(ErrorCode::busy, file.path + " exists and is not overwritten");
  if (!fd) return fail(ErrorCode::io, with_errno("cannot create " + file.path, errno));
  const ssize_t written = ::write(fd.get(), file.text.data(), file.text.size());
  const int error = written < 0 ? errno : ENOSPC;
  if (written == static_cast<ssize_t>(file.text.size()) && ::fsync(fd.get()) == 0) return {};
  ::unlink(file.path.c_str());
  return fail(ErrorCode::io, with_errno("cannot write " + file.path, error));
}

// All or none.
Result<std::vector<std::string>> write_files(const std::vector<NewFile>& files) {
  std::vector<std::string> paths;
  for (const NewFile& file : files) {
    if (auto written = write_file(file); !written) {
      for (const std::string& path : paths) ::unlink(path.c_str());
      return tl::unexpected(written.error());
    }
    paths.push_back(file.path);
  }
  return paths;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, with_errno("cannot open " + path, errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<crypto::Identity> read_authority(const std::string& folder) {
  auto certificate = read_file(folder + "/authority.pem");
  auto key = read_file(folder + "/authority.key");
  if (!certificate || !key)
    return fail(ErrorCode::not_found, (certificate ? key.error() : certificate.error()).context +
                                          "; run: usbgw keys init");
  return crypto::Identity{std::move(*certificate), std::move(*key)};
}

Result<crypto::Validity> validity(WallTime now, int days) {
  if (days < 1 || days > 36500)
    return fail(ErrorCode::invalid_argument,
                std::to_string(days) + " days of validity are not 1 to 36500");
  return crypto::Validity{now - kClockSkew, now + std::chrono::hours(24) * days};
}

}  // namespace

Result<std::vector<std::string>> init_authority(const std::string& folder, WallTime now, int days) {
  const auto valid = validity(now, days);
  if (!valid) return tl::unexpected(valid.error());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(ErrorCode::io, with_errno("cannot make the folder " + folder, errno));
  const auto authority = crypto::make_authority("usbgw-authority", *valid);
  if (!authority) return tl::unexpected(authority.error());
  return write_files({{folder + "/authority.pem", authority->certificate_pem, kPublic},
                      {folder + "/authority.key", authority->key_pem, kSecret}});
}

Result<std::vector<std::string>> issue_identity(const std::string& folder, std::string_view name,
                                                WallTime now, int days) {
  const auto valid = validity(now, days);
  if (!valid) return tl::unexpected(valid.error());
  if (auto named = crypto::check_node_name(name); !named) return tl::unexpected(named.error());
  const auto authority = read_authority(folder);
  if (!authority) return tl::unexpected(authority.error());
  const auto identity = crypto::issue_identity(*authority, name, *valid);
  if (!identity) return tl::unexpected(identity.error());
  const std::string stem = folder + "/" + std::string(name);
  return write_files({{stem + ".pem", identity->certificate_pem, kPublic},
                      {stem + ".key", identity->key_pem, kSecret}});
}

Result<std::vector<std::string>> generate_preshared_key(const std::string& file,
                                                        std::string_view identity) {
  const auto key = crypto::make_preshared_key(identity);
  if (!key) return tl::unexpected(key.error());
  return write_files({{file, crypto::to_line(*key), kSecret}});
}

}  // namespace usbgw::control

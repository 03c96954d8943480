// Identities and keys in a folder of their own, for tests that speak TLS.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "crypto/identity.h"
#include "crypto/tls.h"

namespace usbgw::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "usbgw-test-XXXXXX").string();
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::string path() const { return path_.string(); }
  std::string write(const std::string& name, const std::string& text, ::mode_t mode = 0600) const {
    std::ofstream(file(name), std::ios::binary) << text;
    ::chmod(file(name).c_str(), mode);
    return file(name);
  }

 private:
  std::filesystem::path path_;
};

inline crypto::Validity valid_now() {
  const auto now = std::chrono::system_clock::now();
  return {now - std::chrono::hours(1), now + std::chrono::hours(24)};
}

inline crypto::Validity expired() {
  const auto now = std::chrono::system_clock::now();
  return {now - std::chrono::hours(48), now - std::chrono::hours(24)};
}

// One authority and the contexts of its nodes.
class TestAuthority {
 public:
  TestAuthority() : authority_(crypto::make_authority("test-authority", valid_now()).value()) {
    folder_.write("ca.pem", authority_.certificate_pem);
  }
  [[nodiscard]] const crypto::Identity& identity() const { return authority_; }
  [[nodiscard]] std::string certificate_file() const { return folder_.file("ca.pem"); }

  crypto::CertificateFiles issue(const std::string& name,
                                 const crypto::Validity& validity = valid_now()) const {
    const auto identity = crypto::issue_identity(authority_, name, validity).value();
    return {folder_.write(name + ".pem", identity.certificate_pem),
            folder_.write(name + ".key", identity.key_pem), certificate_file()};
  }
  crypto::TlsContext context(const std::string& name,
                             const crypto::Validity& validity = valid_now()) const {
    return crypto::TlsContext::with_certificates(issue(name, validity)).value();
  }

 private:
  TemporaryFolder folder_;
  crypto::Identity authority_;
};

inline crypto::TlsContext psk_context(const std::string& lines) {
  const TemporaryFolder folder;
  return crypto::TlsContext::with_preshared_keys(folder.write("psk", lines)).value();
}

inline const std::string kPskA = "studio:000102030405060708090a0b0c0d0e0f\n";
inline const std::string kPskAOtherKey = "studio:ff0102030405060708090a0b0c0d0e0f\n";
inline const std::string kPskB = "garage:101112131415161718191a1b1c1d1e1f\n";

}  // namespace usbgw::test

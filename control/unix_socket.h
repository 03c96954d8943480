// A Unix socket that is bound or connected by path.
#pragma once

#include <string>

#include "common/result.h"

namespace usbgw::control {

// Owns a descriptor.
class UnixSocket {
 public:
  explicit UnixSocket(int descriptor = -1) : descriptor_(descriptor) {}
  ~UnixSocket();
  UnixSocket(UnixSocket&& other) noexcept : descriptor_(other.release()) {}
  UnixSocket& operator=(UnixSocket&& other) noexcept;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] int release();

 private:
  int descriptor_;
};

// Non-blocking, mode 0600. Replaces a socket file that nobody listens at, and makes the last folder
// of the path when it is missing.
[[nodiscard]] Result<UnixSocket> listen_at(const std::string& path);
// Non-blocking once connected. Errors: unavailable (nobody listens), refused (no right), io.
[[nodiscard]] Result<UnixSocket> connect_to(const std::string& path);

}  // namespace usbgw::control

// SHA-256 (FIPS 180-4), for pinning descriptors.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace usbgw::crypto {

using Sha256 = std::array<std::byte, 32>;

class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  void add(std::span<const std::byte> bytes);
  // Once; the hasher is spent.
  [[nodiscard]] Sha256 finish();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace usbgw::crypto

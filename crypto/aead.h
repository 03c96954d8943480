// AES-128-GCM for datagrams. One object per key and direction keeps its EVP context and changes
// only the nonce (setting the key per packet costs 3.4 times as much). The nonce is iv XOR packet
// number (the number right-aligned, as RFC 8446, 5.3 does), so the caller must never give a packet
// number twice under one key. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace usbgw::crypto {

inline constexpr std::size_t kAeadKeyBytes = 16;
inline constexpr std::size_t kAeadIvBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;

using AeadKey = std::array<std::byte, kAeadKeyBytes>;
using AeadIv = std::array<std::byte, kAeadIvBytes>;

class Sealer {
 public:
  Sealer(const AeadKey& key, const AeadIv& iv);
  ~Sealer();
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;

  // Writes the ciphertext of all pieces, in order, then the tag. `to` must hold the pieces' sum
  // plus kAeadTagBytes and overlap none of them. Sealing is the copy, but for short pieces
  // (docs/decisions/0014).
  void seal(std::uint64_t packet_number, std::span<const std::byte> associated,
            std::span<const std::span<const std::byte>> pieces, std::span<std::byte> to);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

class Opener {
 public:
  Opener(const AeadKey& key, const AeadIv& iv);
  ~Opener();
  Opener(Opener&&) noexcept;
  Opener& operator=(Opener&&) noexcept;

  // `sealed` is ciphertext and tag; the plaintext goes to `to`, which must hold sealed.size() -
  // kAeadTagBytes and not overlap it. False when the tag does not verify; `to` is then wiped.
  [[nodiscard]] bool open(std::uint64_t packet_number, std::span<const std::byte> associated,
                          std::span<const std::byte> sealed, std::span<std::byte> to);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace usbgw::crypto

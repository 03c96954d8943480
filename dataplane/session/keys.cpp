// Datagram keys: HKDF-SHA256 of the TLS exporter's secret, one output per direction, key epoch and
// queue, so that every key has one counter and one writer.
#include <algorithm>
#include <string_view>

#include "common/byte_reader.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "dataplane/session/session.h"

namespace usbgw::session {
namespace {

constexpr std::string_view kLabel = "usbgw datagram v1";

struct DirectionKeys {
  Wiped<crypto::kAeadKeyBytes> key;
  Wiped<crypto::kAeadIvBytes> iv;
};

// info: label, u8 1 when the host sends, u32 epoch, u32 queue.
DirectionKeys derive(std::span<const std::byte, 32> secret, bool host_sends, std::uint32_t epoch,
                     std::uint32_t queue) {
  std::array<std::byte, kLabel.size() + 9> info{};
  ByteWriter writer(info);
  writer.append(std::as_bytes(std::span(kLabel)));
  writer.write<std::uint8_t>(host_sends ? 1 : 0);
  writer.write<std::uint32_t>(epoch);
  writer.write<std::uint32_t>(queue);
  Wiped<crypto::kAeadKeyBytes + crypto::kAeadIvBytes> output;
  crypto::hkdf_sha256(secret, {}, info, output);
  DirectionKeys keys;
  std::copy_n(output.begin(), keys.key.size(), keys.key.begin());
  std::copy_n(output.begin() + crypto::kAeadKeyBytes, keys.iv.size(), keys.iv.begin());
  return keys;
}

}  // namespace

SessionKeys derive_keys(std::span<const std::byte, 32> exporter_secret, bool is_host,
                        std::uint32_t epoch, std::uint32_t queue) {
  const DirectionKeys transmit = derive(exporter_secret, is_host, epoch, queue);
  const DirectionKeys receive = derive(exporter_secret, !is_host, epoch, queue);
  return {transmit.key, receive.key, transmit.iv, receive.iv};
}

}  // namespace usbgw::session

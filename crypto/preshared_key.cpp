#include "crypto/preshared_key.h"

#include <openssl/rand.h>

#include <algorithm>
#include <optional>

#include "crypto/identity.h"
#include "crypto/openssl_handles.h"

namespace usbgw::crypto {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::optional<std::vector<std::byte>> parse_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = kHexDigits.find(hex[i]);
    const auto low = kHexDigits.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return bytes;
}

Result<PresharedKey> parse_line(std::string_view line, const std::string& where) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return fail(ErrorCode::invalid_argument, where + ": not of the form identity:hex");
  PresharedKey key{std::string(line.substr(0, colon)), {}};
  if (auto named = check_node_name(key.identity); !named)
    return fail(ErrorCode::invalid_argument, where + ": " + named.error().context);
  auto bytes = parse_hex(line.substr(colon + 1));
  if (!bytes || bytes->size() < kMinPskBytes || bytes->size() > kMaxPskBytes)
    return fail(ErrorCode::invalid_argument, where + ": the key of '" + key.identity + "' is not " +
                                                 std::to_string(2 * kMinPskBytes) + " to " +
                                                 std::to_string(2 * kMaxPskBytes) +
                                                 " lower-case hexadecimal digits");
  key.key = std::move(*bytes);
  return key;
}

bool has_identity(const std::vector<PresharedKey>& keys, const std::string& identity) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const PresharedKey& key) { return key.identity == identity; });
}

}  // namespace

Result<PresharedKey> make_preshared_key(std::string_view identity) {
  if (auto named = check_node_name(identity); !named) return tl::unexpected(named.error());
  PresharedKey key{std::string(identity), std::vector<std::byte>(kNewPskBytes)};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.key.data()),
                 static_cast<int>(key.key.size())) != 1)
    return fail(ErrorCode::io, "cannot get random bytes: " + openssl_reason(take_openssl_error()));
  return key;
}

std::string to_line(const PresharedKey& key) {
  std::string line = key.identity + ":";
  for (const std::byte byte : key.key) {
    line += kHexDigits[std::to_integer<std::size_t>(byte >> 4)];
    line += kHexDigits[std::to_integer<std::size_t>(byte & std::byte{0x0F})];
  }
  return line + "\n";
}

Result<std::vector<PresharedKey>> parse_preshared_keys(std::string_view text,
                                                       const std::string& source) {
  std::vector<PresharedKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::string where = source + ":" + std::to_string(number);
    auto key = parse_line(line, where);
    if (!key) return tl::unexpected(key.error());
    if (has_identity(keys, key->identity))
      return fail(ErrorCode::invalid_argument,
                  where + ": identity '" + key->identity + "' is there twice");
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return fail(ErrorCode::invalid_argument, source + " has no pre-shared key");
  return keys;
}

}  // namespace usbgw::crypto

#include "common/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace usbgw {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
  for (std::size_t i = 0; i < 4; ++i)
    bytes[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return IpAddress(bytes);
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return IpAddress(bytes);
  std::array<std::uint8_t, 4> quad{};
  if (inet_pton(AF_INET, copy.c_str(), quad.data()) == 1) {
    return v4(std::uint32_t{quad[0]} << 24 | std::uint32_t{quad[1]} << 16 |
              std::uint32_t{quad[2]} << 8 | quad[3]);
  }
  return fail(ErrorCode::invalid_argument, "\"" + copy + "\" is not an IPv4 or IPv6 address");
}

bool IpAddress::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

std::uint32_t IpAddress::v4_host_order() const {
  return std::uint32_t{bytes_[12]} << 24 | std::uint32_t{bytes_[13]} << 16 |
         std::uint32_t{bytes_[14]} << 8 | bytes_[15];
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? 12 : 0), text.data(), text.size());
  return text.data();
}

bool IpAddress::is_unspecified() const {
  return std::all_of(bytes_.begin() + (is_v4() ? 12 : 0), bytes_.end(),
                     [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_multicast() const {
  if (!is_v4()) return bytes_[0] == 0xFF;
  return bytes_[12] >> 4 == 0xE || v4_host_order() == 0xFFFFFFFF;
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return fail(ErrorCode::invalid_argument,
                "\"" + std::string(text) + "\" has no prefix length; write it as 10.0.0.2/24");
  }
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return tl::unexpected(address.error());
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const unsigned most = address->is_v4() ? 32 : 128;
  if (code != std::errc{} || end != digits.data() + digits.size() || prefix > most) {
    return fail(ErrorCode::invalid_argument, "prefix length \"" + std::string(digits) +
                                                 "\" is not a number from 0 to " +
                                                 std::to_string(most));
  }
  return IpNetwork{*address, static_cast<std::uint8_t>(prefix)};
}

bool IpNetwork::contains(const IpAddress& other) const {
  if (address.is_v4() != other.is_v4()) return false;
  const std::size_t bits = prefix + (address.is_v4() ? 96u : 0u);
  for (std::size_t i = 0; i < 16; ++i) {
    const std::size_t covered = std::clamp<std::size_t>(bits > 8 * i ? bits - 8 * i : 0, 0, 8);
    const auto mask = static_cast<std::uint8_t>(0xFF00u >> covered);
    if (((address.bytes()[i] ^ other.bytes()[i]) & mask) != 0) return false;
  }
  return true;
}

std::string IpNetwork::to_string() const {
  return address.to_string() + "/" + std::to_string(prefix);
}

std::string UdpEndpoint::to_string() const {
  return (address.is_v4() ? address.to_string() : "[" + address.to_string() + "]") + ":" +
         std::to_string(port);
}

}  // namespace usbgw

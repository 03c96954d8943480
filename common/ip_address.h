// IPv4 and IPv6 addresses without sockets. IPv4 is kept IPv4-mapped (RFC 4291, 2.5.5.2).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usbgw {

class IpAddress {
 public:
  IpAddress() = default;
  explicit IpAddress(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}
  [[nodiscard]] static IpAddress v4(std::uint32_t host_order);
  // Dotted quad or RFC 4291 text, without a prefix or zone.
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] std::uint32_t v4_host_order() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool is_unspecified() const;
  // Or the IPv4 limited broadcast: no single machine's.
  [[nodiscard]] bool is_multicast() const;
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

// An address with its on-link prefix length, counted in the family's own bits (0..32 or 0..128).
struct IpNetwork {
  IpAddress address;
  std::uint8_t prefix = 0;
  // "10.0.0.2/24", "fd00::2/64".
  [[nodiscard]] static Result<IpNetwork> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& other) const;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const IpNetwork&) const = default;
};

struct UdpEndpoint {
  IpAddress address;
  std::uint16_t port = 0;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const UdpEndpoint&) const = default;
};

}  // namespace usbgw

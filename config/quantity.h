// Texts with a unit or a name: durations, rates, DSCP, interface classes, endpoints. Every parser's
// error says what is allowed and leaves naming the key to its caller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/timeline.h"

namespace usbgw::config {

template <class T>
using Parsed = Result<T, std::string>;

// "250us", "2ms", "1.5s"; also "0".
[[nodiscard]] Parsed<Duration> parse_duration(std::string_view text);
// The shortest exact text that parse_duration reads back: "250us".
[[nodiscard]] std::string duration_text(Duration duration);

// "200Mbit", "1Gbit", "64kbit" (per second), as bytes per second.
[[nodiscard]] Parsed<std::uint64_t> parse_rate(std::string_view text);

// RFC 2474/2597/3246/5865/8622 names (EF, AF31, CS5, VA, LE, BE), or "0".."63".
[[nodiscard]] Parsed<std::uint8_t> parse_dscp(std::string_view text);

// bInterfaceClass by name ("audio", "hid", "mass-storage") or as "0x01".
[[nodiscard]] Parsed<std::uint8_t> parse_interface_class(std::string_view text);

struct HostPort {
  std::string host;  // address or name, without brackets
  std::uint16_t port = 0;
  [[nodiscard]] std::string to_string() const;
  bool operator==(const HostPort&) const = default;
};

// "10.0.0.2:7443", "[fd00::2]:7443", "stage-box:7443"; without a port kControlPort.
[[nodiscard]] Parsed<HostPort> parse_host_port(std::string_view text);

}  // namespace usbgw::config

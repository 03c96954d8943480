#include "config/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/defaults.h"
#include "config/spelling.h"

namespace usbgw::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// Number before a unit; nothing when there is no number, it is negative or the unit is unknown.
Parsed<double> parse_with_unit(std::string_view text, const Unit* first, const Unit* last,
                               std::string_view allowed) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (error == std::errc{} && number >= 0 && std::isfinite(number)) {
    std::string_view unit = text.substr(used);
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    if (unit.empty() && number == 0) return 0.0;
    for (const Unit* candidate = first; candidate != last; ++candidate) {
      if (candidate->name == unit) return number * candidate->factor;
    }
  }
  return tl::unexpected<std::string>("\"" + std::string(text) + "\" is not " +
                                     std::string(allowed));
}

template <class T>
bool parse_whole(std::string_view text, T& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

constexpr std::array kDurationUnits{Unit{"ns", 1}, Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9},
                                    Unit{"min", 60e9}};
constexpr std::array kRateUnits{Unit{"kbit", 1e3 / 8}, Unit{"Mbit", 1e6 / 8},
                                Unit{"Gbit", 1e9 / 8}};

struct Named {
  std::string_view name;
  std::uint8_t value;
};

constexpr std::array kDscpNames{
    Named{"BE", 0},    Named{"LE", 1},    Named{"CS1", 8},   Named{"AF11", 10}, Named{"AF12", 12},
    Named{"AF13", 14}, Named{"CS2", 16},  Named{"AF21", 18}, Named{"AF22", 20}, Named{"AF23", 22},
    Named{"CS3", 24},  Named{"AF31", 26}, Named{"AF32", 28}, Named{"AF33", 30}, Named{"CS4", 32},
    Named{"AF41", 34}, Named{"AF42", 36}, Named{"AF43", 38}, Named{"CS5", 40},  Named{"VA", 44},
    Named{"EF", 46},   Named{"CS6", 48},  Named{"CS7", 56},  Named{"CS0", 0}};

// https://www.usb.org/defined-class-codes
constexpr std::array kInterfaceClasses{
    Named{"audio", 0x01},       Named{"cdc", 0x02},   Named{"hid", 0x03},
    Named{"physical", 0x05},    Named{"image", 0x06}, Named{"printer", 0x07},
    Named{"mass-storage", 8},   Named{"hub", 0x09},   Named{"cdc-data", 0x0A},
    Named{"smart-card", 0x0B},  Named{"video", 0x0E}, Named{"wireless", 0xE0},
    Named{"application", 0xFE}, Named{"vendor", 0xFF}};

template <std::size_t N>
Parsed<std::uint8_t> by_name(std::string_view text, const std::array<Named, N>& names,
                             std::string_view also) {
  std::array<std::string_view, N + 1> allowed;
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i].name == text) return names[i].value;
    allowed[i] = names[i].name;
  }
  allowed[N] = also;
  return tl::unexpected<std::string>(
      unknown("\"" + std::string(text) + "\" is not known", text, allowed));
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  return parse_with_unit(text, kDurationUnits.data(), kDurationUnits.data() + kDurationUnits.size(),
                         "a duration; allowed: a number with its unit, as in \"250us\", \"2ms\", "
                         "\"1s\"")
      .and_then([&](double nanoseconds) -> Parsed<Duration> {
        // Longer than a year is a slip of the unit, and would overflow arithmetic on deadlines.
        if (nanoseconds > 366.0 * 86400e9) {
          return tl::unexpected<std::string>("\"" + std::string(text) + "\" is longer than a year");
        }
        return Duration{std::llround(nanoseconds)};
      });
}

std::string duration_text(Duration duration) {
  constexpr std::array<std::pair<std::int64_t, const char*>, 3> kUnits{
      {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}}};
  const std::int64_t count = duration.count();
  for (const auto& [size, name] : kUnits) {
    if (count != 0 && count % size == 0) return std::to_string(count / size) + name;
  }
  return std::to_string(count) + "ns";
}

Parsed<std::uint64_t> parse_rate(std::string_view text) {
  return parse_with_unit(text, kRateUnits.data(), kRateUnits.data() + kRateUnits.size(),
                         "a rate; allowed: a number with its unit, as in \"200Mbit\", \"1Gbit\"")
      .and_then([&](double bytes) -> Parsed<std::uint64_t> {
        if (bytes > 1e12) {
          return tl::unexpected<std::string>("\"" + std::string(text) +
                                             "\" is out of range; allowed: up to 8000Gbit");
        }
        return static_cast<std::uint64_t>(bytes);
      });
}

Parsed<std::uint8_t> parse_dscp(std::string_view text) {
  unsigned number = 0;
  if (parse_whole(text, number) && number <= 63) return static_cast<std::uint8_t>(number);
  return by_name(text, kDscpNames, "0 to 63");
}

Parsed<std::uint8_t> parse_interface_class(std::string_view text) {
  unsigned number = 0;
  if (text.starts_with("0x") && parse_whole(text.substr(2), number, 16) && number <= 0xFF) {
    return static_cast<std::uint8_t>(number);
  }
  return by_name(text, kInterfaceClasses, "0x00 to 0xff");
}

std::string HostPort::to_string() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Parsed<HostPort> parse_host_port(std::string_view text) {
  const auto refuse = [&] {
    return tl::unexpected<std::string>(
        "\"" + std::string(text) +
        "\" is not an endpoint; allowed: \"10.0.0.2:7443\", \"[fd00::2]:7443\", \"name:7443\"");
  };
  HostPort endpoint{{}, kControlPort};
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refuse();
    endpoint.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  const bool port_is_good =
      port.empty() ||
      (port.starts_with(':') && parse_whole(port.substr(1), endpoint.port) && endpoint.port != 0);
  const bool host_is_good =
      !endpoint.host.empty() && endpoint.host.find_first_of(" \t/,") == std::string::npos;
  if (!port_is_good || !host_is_good) return refuse();
  return endpoint;
}

}  // namespace usbgw::config

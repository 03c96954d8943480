#include "usbside/host/vhci_status.h"

#include <charconv>
#include <optional>

namespace usbgw::host {
namespace {

std::string_view take_word(std::string_view& line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const auto word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

std::optional<std::uint32_t> decimal(std::string_view word) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// enum usbip_device_status, include/uapi/linux/usbip.h.
VhciPortState state_of(std::uint32_t value) {
  switch (value) {
    case 4:
      return VhciPortState::free;
    case 5:
      return VhciPortState::attached;
    case 6:
      return VhciPortState::used;
    default:
      return VhciPortState::error;
  }
}

std::optional<VhciPortStatus> parse_line(std::string_view line) {
  const auto hub = take_word(line);
  if (hub != "hs" && hub != "ss") return std::nullopt;
  const auto port = decimal(take_word(line));
  const auto state = decimal(take_word(line));
  if (!port || !state) return std::nullopt;
  return VhciPortStatus{VhciPort{*port}, hub == "ss", state_of(*state)};
}

}  // namespace

std::vector<VhciPortStatus> parse_vhci_status(std::string_view text) {
  std::vector<VhciPortStatus> ports;
  while (!text.empty() && ports.size() < kMaxVhciPorts) {
    const auto end = text.find('\n');
    if (const auto port = parse_line(text.substr(0, end))) ports.push_back(*port);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return ports;
}

bool serves(const VhciPortStatus& port, Speed speed) {
  return port.superspeed == (speed >= Speed::super);
}

}  // namespace usbgw::host

#include "usbside/device/software/midi_function.h"

#include <nlohmann/json.hpp>

namespace usbgw::device::software {
namespace {

constexpr std::size_t kEventBytes = 4;  // USB-MIDI 1.0, 4: USB-MIDI event packets
constexpr std::uint8_t kPitchBend = 0xE;

// USB-MIDI 1.0, appendix B: the simplest adapter, an embedded and an external jack each way.
std::vector<std::byte> describe() {
  DescriptorBuilder build;
  build.configuration(2)
      .add({4, 0, 0, 0, 1, 1, 0, 0})
      .add({0x24, 1, 0x00, 0x01, 9, 0, 1, 1})
      .add({4, 1, 0, 2, 1, 3, 0, 0});
  const std::size_t streaming = build.size();
  build.add({0x24, 1, 0x00, 0x01, 0, 0})
      .add({0x24, 2, 1, 1, 0})
      .add({0x24, 2, 2, 2, 0})
      .add({0x24, 3, 1, 3, 1, 2, 1, 0})
      .add({0x24, 3, 2, 4, 1, 1, 1, 0})
      .add({5, kMidiOut.value(), 2, 64, 0, 0, 0, 0})
      .add({0x25, 1, 1, 1})
      .add({5, kMidiIn.value(), 2, 64, 0, 0, 0, 0})
      .add({0x25, 1, 1, 3})
      .store_length(streaming + 5, streaming);
  return build.finish();
}

}  // namespace

MidiFunction::MidiFunction(const DeviceOptions& options, const Identity& identity)
    : script_(options.events_per_second, options.events, options.script_delay) {
  description_.speed = Speed::full;
  description_.manufacturer = identity.manufacturer;
  description_.product = identity.product_name;
  description_.serial = identity.serial;
  description_.device = device_descriptor(identity, {0x0110, 0, 0, 0});
  description_.configuration = describe();
}

Handshake MidiFunction::data_in(EndpointAddress, std::span<std::byte> room, Instant now) {
  std::size_t used = 0;
  while (used + kEventBytes <= room.size()) {
    const std::uint64_t event = script_.given();
    if (!script_.take(now)) break;
    room[used] = std::byte{kPitchBend};  // cable 0
    room[used + 1] = static_cast<std::byte>(kPitchBend << 4 | (event >> 14 & 0xF));
    room[used + 2] = static_cast<std::byte>(event & 0x7F);
    room[used + 3] = static_cast<std::byte>(event >> 7 & 0x7F);
    used += kEventBytes;
  }
  return used == 0 ? Handshake::nak() : Handshake::ack(used);
}

void MidiFunction::hear(std::span<const std::byte, 4> event) {
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(event[i]); };
  if (byte(0) == 0) return;  // padding
  if ((byte(0) & 0xF) != kPitchBend || byte(1) >> 4 != kPitchBend) {
    ++out_.altered;
    return;
  }
  const std::uint32_t count = (byte(1) & 0xF) << 14 | byte(3) << 7 | byte(2);
  const std::uint32_t ahead = (count - expected_) % kMidiCounts;
  const bool is_first = out_.messages++ == 0;
  if (!is_first && ahead != 0) {
    if (ahead < kMidiCounts / 2) {
      out_.missing += ahead;
    } else {
      out_.repeated += kMidiCounts - ahead;
    }
  }
  expected_ = (count + 1) % kMidiCounts;
}

Handshake MidiFunction::data_out(EndpointAddress, std::span<const std::byte> packet, Instant) {
  for (; packet.size() >= kEventBytes; packet = packet.subspan(kEventBytes)) {
    hear(packet.first<kEventBytes>());
  }
  if (!packet.empty()) ++out_.altered;
  return Handshake::ack();
}

Instant MidiFunction::ready_at(EndpointAddress endpoint) const {
  return endpoint == kMidiIn ? script_.ready_at() : Instant{};
}

std::string MidiFunction::statistics() const {
  const nlohmann::ordered_json json = {{"device", description_.product}, {"sent", script_.given()},
                                       {"received", out_.messages},      {"missing", out_.missing},
                                       {"repeated", out_.repeated},      {"altered", out_.altered}};
  return json.dump();
}

std::string MidiFunction::summary() const {
  return std::to_string(script_.given()) + " messages sent, " + std::to_string(out_.messages) +
         " received, " + std::to_string(out_.missing) + " missing, " +
         std::to_string(out_.repeated) + " repeated, " + std::to_string(out_.altered) + " altered";
}

}  // namespace usbgw::device::software

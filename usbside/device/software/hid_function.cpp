#include "usbside/device/software/hid_function.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace usbgw::device::software {
namespace {

// HID 1.11, appendix E.6 and E.10: report descriptors of the boot keyboard and the boot mouse.
constexpr std::array<std::uint8_t, 63> kKeyboardReport{
    0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01,
    0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0x95, 0x05, 0x75, 0x01,
    0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01, 0x95, 0x06,
    0x75, 0x08, 0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xC0};
constexpr std::array<std::uint8_t, 50> kMouseReport{
    0x05, 0x01, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x01, 0xA1, 0x00, 0x05, 0x09, 0x19,
    0x01, 0x29, 0x03, 0x15, 0x00, 0x25, 0x01, 0x95, 0x03, 0x75, 0x01, 0x81, 0x02,
    0x95, 0x01, 0x75, 0x05, 0x81, 0x01, 0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15,
    0x81, 0x25, 0x7F, 0x75, 0x08, 0x95, 0x02, 0x81, 0x06, 0xC0, 0xC0};

constexpr int kKeyboardReportBytes = 8;
constexpr int kMouseReportBytes = 3;
constexpr std::uint8_t kGetDescriptor = 6;
constexpr std::uint8_t kReportDescriptor = 0x22;
constexpr std::uint8_t kFirstLetter = 0x04;  // usage of 'a', HID Usage Tables, section 10

enum HidRequest : std::uint8_t { kGetReport = 1, kGetIdle = 2, kGetProtocol = 3, kSetReport = 9 };

std::vector<std::byte> describe() {
  DescriptorBuilder build;
  build.configuration(2);
  const auto add = [&](int number, int protocol, int report, EndpointAddress endpoint, int bytes) {
    // HID, boot interface; the HID descriptor names one report descriptor. bInterval 1: 1 ms.
    build.add({4, number, 0, 1, 3, 1, protocol, 0})
        .add({0x21, 0x11, 0x01, 0, 1, kReportDescriptor, low(report), high(report)})
        .add({5, endpoint.value(), 3, bytes, 0, 1});
  };
  add(0, 1, static_cast<int>(kKeyboardReport.size()), kKeyboardIn, kKeyboardReportBytes);
  add(1, 2, static_cast<int>(kMouseReport.size()), kMouseIn, 4);
  return build.finish();
}

template <class Bytes>
Handshake give(const Bytes& bytes, std::span<std::byte> room) {
  const std::size_t count = std::min(std::size(bytes), room.size());
  for (std::size_t i = 0; i < count; ++i) room[i] = static_cast<std::byte>(bytes[i]);
  return Handshake::ack(count);
}

std::array<std::uint8_t, kKeyboardReportBytes> keyboard_report(std::uint64_t event) {
  std::array<std::uint8_t, kKeyboardReportBytes> report{};
  const bool is_press = event % 2 == 0;
  if (is_press) report[2] = static_cast<std::uint8_t>(kFirstLetter + event / 2 % 26);
  return report;
}

std::array<std::uint8_t, kMouseReportBytes> mouse_report(std::uint64_t event) {
  return {0, static_cast<std::uint8_t>(event % 100 + 1),
          static_cast<std::uint8_t>(event / 100 % 100 + 1)};
}

}  // namespace

HidFunction::HidFunction(const DeviceOptions& options, const Identity& identity)
    : keyboard_(options.events_per_second, options.events, options.script_delay),
      mouse_(options.events_per_second, options.events, options.script_delay) {
  description_.speed = Speed::full;
  description_.manufacturer = identity.manufacturer;
  description_.product = identity.product_name;
  description_.serial = identity.serial;
  description_.device = device_descriptor(identity, {0x0200, 0, 0, 0});
  description_.configuration = describe();
}

Handshake HidFunction::control(const SetupPacket& setup, std::span<std::byte> data, Instant) {
  const bool is_standard = (setup.request_type & 0x60) == 0;
  const bool is_keyboard = (setup.index & 0xFF) == 0;
  if (is_standard) {
    const bool wants_report =
        setup.request == kGetDescriptor && setup.value >> 8 == kReportDescriptor;
    if (!wants_report) return Handshake::stall();
    return is_keyboard ? give(kKeyboardReport, data) : give(kMouseReport, data);
  }
  if (setup.request == kSetReport) ++reports_set_;
  if (!setup.is_in()) return Handshake::ack();  // SET_REPORT, SET_IDLE, SET_PROTOCOL
  if (setup.request == kGetReport) {
    const std::array<std::uint8_t, kKeyboardReportBytes> idle{};
    return give(std::span(idle).first(is_keyboard ? kKeyboardReportBytes : kMouseReportBytes),
                data);
  }
  if (setup.request == kGetIdle) return give(std::array<std::uint8_t, 1>{0}, data);
  if (setup.request == kGetProtocol) return give(std::array<std::uint8_t, 1>{1}, data);
  return Handshake::stall();
}

Handshake HidFunction::data_in(EndpointAddress endpoint, std::span<std::byte> room, Instant now) {
  PacedScript& events = script(endpoint);
  const std::uint64_t event = events.given();
  if (!events.take(now)) return Handshake::nak();
  return endpoint == kKeyboardIn ? give(keyboard_report(event), room)
                                 : give(mouse_report(event), room);
}

Instant HidFunction::ready_at(EndpointAddress endpoint) const {
  return script(endpoint).ready_at();
}

std::string HidFunction::statistics() const {
  const nlohmann::ordered_json json = {{"device", description_.product},
                                       {"keyboard_reports", keyboard_.given()},
                                       {"mouse_reports", mouse_.given()},
                                       {"reports_set", reports_set_}};
  return json.dump();
}

std::string HidFunction::summary() const {
  return std::to_string(keyboard_.given()) + " keyboard reports, " +
         std::to_string(mouse_.given()) + " mouse reports";
}

}  // namespace usbgw::device::software

#include "usbside/device/software/counter_function.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/byte_order.h"

namespace usbgw::device::software {
namespace {

// A paced device sends short packets of this size, so that every one ends a transfer.
constexpr std::size_t kPacedPacket = 60;
constexpr int kBulkPacket = 512;
constexpr int kInterruptPacket = 64;

std::vector<std::byte> describe() {
  DescriptorBuilder build;
  // Vendor class; interrupt endpoints every 8 microframes.
  build.configuration(1).add({4, 0, 0, 4, 0xFF, 0, 0, 0});
  for (const auto endpoint : {kCounterBulkIn, kCounterBulkOut}) {
    build.add({5, endpoint.value(), 2, low(kBulkPacket), high(kBulkPacket), 0});
  }
  for (const auto endpoint : {kCounterInterruptIn, kCounterInterruptOut}) {
    build.add({5, endpoint.value(), 3, low(kInterruptPacket), high(kInterruptPacket), 4});
  }
  return build.finish();
}

nlohmann::ordered_json to_json(const ByteCounter& sent, const ByteJudge::Counters& judged) {
  return {{"sent", sent.position()},
          {"received", judged.bytes},
          {"lost", judged.lost},
          {"repeated", judged.repeated},
          {"altered", judged.altered}};
}

}  // namespace

CounterFunction::CounterFunction(const DeviceOptions& options, const Identity& identity)
    : bytes_per_second_(options.bytes_per_second) {
  description_.speed = Speed::high;
  description_.manufacturer = identity.manufacturer;
  description_.product = identity.product_name;
  description_.serial = identity.serial;
  description_.device = device_descriptor(identity, {0x0200, 0xFF, 0, 0});
  description_.configuration = describe();
}

Handshake CounterFunction::control(const SetupPacket& setup, std::span<std::byte> data, Instant) {
  if (setup.request_type == 0x40 && setup.request == kCounterRestart) {
    bulk_ = {};
    interrupt_ = {};
    return Handshake::ack();
  }
  if (setup.request_type != 0xC0 || setup.request != kCounterRead) return Handshake::stall();
  std::array<std::byte, 64> bytes{};
  std::size_t at = 0;
  for (const Stream* each : {&bulk_, &interrupt_}) {
    const auto judged = each->judge.counters();
    for (const std::uint64_t value :
         {each->sent.position(), judged.bytes, judged.lost, judged.repeated}) {
      store_le<std::uint64_t>(bytes.data() + at, value);
      at += 8;
    }
  }
  const std::size_t count = std::min(bytes.size(), data.size());
  std::copy_n(bytes.begin(), count, data.begin());
  return Handshake::ack(count);
}

// When the next packet's last byte is there.
Instant CounterFunction::due(const Stream& each) const {
  if (bytes_per_second_ == 0 || !each.has_begun) return Instant{};
  const auto wanted = static_cast<double>(each.sent.position() + kPacedPacket);
  return each.begin +
         Duration(static_cast<std::int64_t>(wanted * 1e9 / static_cast<double>(bytes_per_second_)));
}

Handshake CounterFunction::data_in(EndpointAddress endpoint, std::span<std::byte> room,
                                   Instant now) {
  Stream& each = stream(endpoint);
  if (!each.has_begun) {
    each.has_begun = true;
    each.begin = now;
  }
  if (now < due(each)) return Handshake::nak();
  const std::size_t count =
      bytes_per_second_ == 0 ? room.size() : std::min(kPacedPacket, room.size());
  each.sent.fill(room.first(count));
  return Handshake::ack(count);
}

Handshake CounterFunction::data_out(EndpointAddress endpoint, std::span<const std::byte> packet,
                                    Instant) {
  stream(endpoint).judge.take(packet);
  return Handshake::ack();
}

Instant CounterFunction::ready_at(EndpointAddress endpoint) const {
  if (!endpoint.is_in()) return Instant{};
  return due(endpoint.number() <= 2 ? bulk_ : interrupt_);
}

std::string CounterFunction::statistics() const {
  const nlohmann::ordered_json json = {
      {"device", description_.product},
      {"bulk", to_json(bulk_.sent, bulk_.judge.counters())},
      {"interrupt", to_json(interrupt_.sent, interrupt_.judge.counters())}};
  return json.dump();
}

std::string CounterFunction::summary() const {
  const auto line = [](const char* name, const Stream& each) {
    const auto judged = each.judge.counters();
    return std::string(name) + ": " + std::to_string(each.sent.position()) + " bytes sent, " +
           std::to_string(judged.bytes) + " received, " + std::to_string(judged.lost) + " lost, " +
           std::to_string(judged.repeated) + " repeated, " + std::to_string(judged.altered) +
           " altered";
  };
  return line("bulk", bulk_) + "; " + line("interrupt", interrupt_);
}

}  // namespace usbgw::device::software

#include "usbside/device/software/storage_function.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/byte_order.h"

namespace usbgw::device::software {
namespace {

// usbmassbulk_10, 5.1 and 5.2. Little endian.
//   CBW  0 u32 signature | 4 u32 tag | 8 u32 length | 12 u8 flags, 0x80: IN | 13 u8 LUN
//        14 u8 command length | 15 command block
//   CSW  0 u32 signature | 4 u32 tag | 8 u32 residue | 12 u8 status
constexpr std::uint32_t kCommandSignature = 0x43425355;
constexpr std::uint32_t kStatusSignature = 0x53425355;
constexpr std::size_t kCommandBytes = 31;
constexpr std::size_t kStatusBytes = 13;
constexpr std::size_t kMaxPacket = 512;

constexpr std::uint8_t kReset = 0xFF;
constexpr std::uint8_t kGetMaxLun = 0xFE;

}  // namespace

StorageFunction::StorageFunction(DiskImage image, const Identity& identity)
    : disk_(std::move(image)) {
  description_.speed = Speed::high;
  description_.manufacturer = identity.manufacturer;
  description_.product = identity.product_name;
  description_.serial = identity.serial;
  description_.device = device_descriptor(identity, {0x0200, 0, 0, 0});
  // Mass storage, SCSI transparent command set, bulk-only.
  description_.configuration =
      DescriptorBuilder()
          .configuration(1)
          .add({4, 0, 0, 2, 8, 6, 0x50, 0})
          .add({5, kStorageIn.value(), 2, low(kMaxPacket), high(kMaxPacket), 0})
          .add({5, kStorageOut.value(), 2, low(kMaxPacket), high(kMaxPacket), 0})
          .finish();
}

Handshake StorageFunction::control(const SetupPacket& setup, std::span<std::byte> data, Instant) {
  if (setup.request_type == 0xA1 && setup.request == kGetMaxLun && !data.empty()) {
    data[0] = std::byte{0};
    return Handshake::ack(1);
  }
  if (setup.request_type == 0x21 && setup.request == kReset) {
    phase_ = Phase::command;
    return Handshake::ack();
  }
  return Handshake::stall();
}

bool StorageFunction::begin_command(std::span<const std::byte> wrapper) {
  const bool is_valid = wrapper.size() == kCommandBytes &&
                        load_le<std::uint32_t>(wrapper.data()) == kCommandSignature;
  if (!is_valid) return false;
  tag_ = load_le<std::uint32_t>(wrapper.data() + 4);
  wanted_ = load_le<std::uint32_t>(wrapper.data() + 8);
  const bool is_in = (wrapper[12] & std::byte{0x80}) != std::byte{0};
  const auto length = std::to_integer<std::size_t>(wrapper[14] & std::byte{0x1F});
  moved_ = useful_ = 0;
  result_ = disk_.execute(wrapper.subspan(15, std::min<std::size_t>(length, 16)));
  // Never more than the host has room for, whatever the command block asks.
  if (result_.in.size() > wanted_ || result_.out.size() > wanted_) {
    result_.in = result_.in.first(std::min<std::size_t>(result_.in.size(), wanted_));
    result_.out = result_.out.first(std::min<std::size_t>(result_.out.size(), wanted_));
  }
  if (wanted_ == 0) {
    phase_ = Phase::status;
  } else if (!is_in) {
    phase_ = Phase::data_out;
  } else {
    phase_ = result_.in.empty() ? Phase::stall_in : Phase::data_in;
  }
  return true;
}

std::size_t StorageFunction::write_status(std::span<std::byte> room) {
  store_le<std::uint32_t>(room.data(), kStatusSignature);
  store_le<std::uint32_t>(room.data() + 4, tag_);
  store_le<std::uint32_t>(room.data() + 8, wanted_ - useful_);
  room[12] = std::byte{static_cast<std::uint8_t>(result_.is_good ? 0 : 1)};
  phase_ = Phase::command;
  return kStatusBytes;
}

void StorageFunction::clear_halt(EndpointAddress endpoint) {
  if (endpoint == kStorageIn && phase_ == Phase::stall_in) phase_ = Phase::status;
}

Handshake StorageFunction::data_in(EndpointAddress, std::span<std::byte> room, Instant) {
  if (phase_ == Phase::broken || phase_ == Phase::stall_in) return Handshake::stall();
  if (phase_ == Phase::status) return Handshake::ack(write_status(room));
  if (phase_ != Phase::data_in) return Handshake::nak();
  const auto left = result_.in.subspan(moved_);
  const std::size_t count = std::min(left.size(), room.size());
  std::copy_n(left.begin(), count, room.begin());
  moved_ += static_cast<std::uint32_t>(count);
  useful_ = moved_;
  // A short packet, an empty one too, ends the data phase as the whole length does.
  if (moved_ == wanted_ || count < room.size()) phase_ = Phase::status;
  return Handshake::ack(count);
}

Handshake StorageFunction::data_out(EndpointAddress, std::span<const std::byte> packet, Instant) {
  if (phase_ == Phase::command) {
    if (begin_command(packet)) return Handshake::ack();
    phase_ = Phase::broken;
    return Handshake::stall();
  }
  if (phase_ == Phase::broken) return Handshake::stall();
  if (phase_ != Phase::data_out) return Handshake::nak();
  // What a refused command does not want is taken and dropped.
  const std::size_t count = std::min(
      packet.size(), result_.out.size() - std::min<std::size_t>(result_.out.size(), moved_));
  if (count != 0) std::copy_n(packet.begin(), count, result_.out.begin() + moved_);
  moved_ += static_cast<std::uint32_t>(packet.size());
  useful_ += static_cast<std::uint32_t>(count);
  if (moved_ >= wanted_ || packet.size() < kMaxPacket) phase_ = Phase::status;
  return Handshake::ack();
}

Instant StorageFunction::ready_at(EndpointAddress endpoint) const {
  if (phase_ == Phase::broken) return Instant{};
  const bool takes_out = phase_ == Phase::command || phase_ == Phase::data_out;
  return takes_out == !endpoint.is_in() ? Instant{} : kNever;
}

std::string StorageFunction::statistics() const {
  const ScsiCounters& counters = disk_.counters();
  const nlohmann::ordered_json json = {
      {"device", description_.product},      {"blocks", disk_.blocks()},
      {"commands", counters.commands},       {"refused", counters.refused},
      {"blocks_read", counters.blocks_read}, {"blocks_written", counters.blocks_written},
      {"flushes", counters.flushes}};
  return json.dump();
}

std::string StorageFunction::summary() const {
  const ScsiCounters& counters = disk_.counters();
  return std::to_string(counters.commands) + " commands, " + std::to_string(counters.refused) +
         " refused, " + std::to_string(counters.blocks_read) + " blocks read, " +
         std::to_string(counters.blocks_written) + " written";
}

}  // namespace usbgw::device::software

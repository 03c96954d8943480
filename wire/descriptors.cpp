#include "wire/descriptors.h"

#include <algorithm>

#include "common/byte_order.h"
#include "wire/audio_descriptors.h"

namespace usbgw::wire {
namespace {

// bDescriptorType, USB 2.0 table 9-5, USB 3.2 table 9-6, Audio 1.0 A.4.
constexpr std::uint8_t kDevice = 1;
constexpr std::uint8_t kConfiguration = 2;
constexpr std::uint8_t kInterface = 4;
constexpr std::uint8_t kEndpoint = 5;
constexpr std::uint8_t kClassInterface = 0x24;
constexpr std::uint8_t kSuperSpeedCompanion = 0x30;
constexpr std::size_t kConfigurationBytes = 9;
constexpr std::size_t kInterfaceBytes = 9;
constexpr std::size_t kEndpointBytes = 7;
constexpr std::size_t kAudioEndpointBytes = 9;
constexpr std::size_t kCompanionBytes = 6;

std::uint8_t u8(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

// wMaxPacketSize: bytes in bits 10..0; at high speed the additional transactions in bits 12..11.
void read_packet_size(std::uint16_t raw, Speed speed, Endpoint& endpoint) {
  endpoint.max_packet = raw & 0x07FF;
  const bool is_periodic =
      endpoint.type == TransferType::isochronous || endpoint.type == TransferType::interrupt;
  const std::uint32_t transactions =
      speed == Speed::high && is_periodic ? 1u + std::min((raw >> 11) & 3u, 2u) : 1u;
  endpoint.interval_bytes = endpoint.max_packet * transactions;
}

WireResult<Endpoint> read_endpoint(std::span<const std::byte> bytes, Speed speed) {
  if (bytes.size() < kEndpointBytes) return tl::unexpected(WireError::malformed);
  Endpoint endpoint;
  endpoint.address = EndpointAddress(u8(bytes, 2) & 0x8F);
  if (endpoint.address.number() == 0) return tl::unexpected(WireError::malformed);
  const std::uint8_t attributes = u8(bytes, 3);
  endpoint.type = static_cast<TransferType>(attributes & 3);
  if (endpoint.type == TransferType::isochronous) {
    endpoint.synchronization = static_cast<Synchronization>((attributes >> 2) & 3);
    endpoint.usage = static_cast<EndpointUsage>((attributes >> 4) & 3);
  }
  read_packet_size(load_le<std::uint16_t>(bytes.data() + 4), speed, endpoint);
  endpoint.raw_interval = u8(bytes, 6);
  if (bytes.size() >= kAudioEndpointBytes) {
    endpoint.refresh = u8(bytes, 7);
    endpoint.synch_address = EndpointAddress(u8(bytes, 8));
  }
  return endpoint;
}

class ConfigurationParser {
 public:
  explicit ConfigurationParser(Speed speed) : speed_(speed) {}

  WireResult<Configuration> parse(std::span<const std::byte> bytes) {
    if (bytes.size() < kConfigurationBytes) return tl::unexpected(WireError::truncated);
    const std::size_t total = load_le<std::uint16_t>(bytes.data() + 2);
    if (u8(bytes, 0) < kConfigurationBytes || u8(bytes, 1) != kConfiguration)
      return tl::unexpected(WireError::malformed);
    if (total > bytes.size()) return tl::unexpected(WireError::truncated);
    if (total < u8(bytes, 0)) return tl::unexpected(WireError::malformed);
    result_.interfaces = u8(bytes, 4);
    result_.value = u8(bytes, 5);
    result_.attributes = u8(bytes, 7);
    auto rest = bytes.first(total).subspan(u8(bytes, 0));
    while (!rest.empty()) {
      const std::size_t length = u8(rest, 0);
      if (length < 2 || length > rest.size()) return tl::unexpected(WireError::malformed);
      if (const auto error = take(rest.first(length))) return tl::unexpected(*error);
      rest = rest.subspan(length);
    }
    finish_alternate();
    return std::move(result_);
  }

 private:
  std::optional<WireError> take(std::span<const std::byte> bytes) {
    switch (u8(bytes, 1)) {
      case kInterface:
        return take_interface(bytes);
      case kEndpoint:
        return take_endpoint(bytes);
      case kSuperSpeedCompanion:
        take_companion(bytes);
        return std::nullopt;
      case kClassInterface:
        if (open_ && current().is_audio_streaming()) read_audio_interface(bytes, current());
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }

  std::optional<WireError> take_interface(std::span<const std::byte> bytes) {
    if (bytes.size() < kInterfaceBytes) return WireError::malformed;
    if (result_.alternates.size() == kMaxAlternates) return WireError::too_large;
    finish_alternate();
    AlternateSetting& setting = result_.alternates.emplace_back();
    setting.interface = u8(bytes, 2);
    setting.alternate = u8(bytes, 3);
    setting.interface_class = u8(bytes, 5);
    setting.interface_subclass = u8(bytes, 6);
    setting.interface_protocol = u8(bytes, 7);
    open_ = true;
    return std::nullopt;
  }

  std::optional<WireError> take_endpoint(std::span<const std::byte> bytes) {
    if (!open_) return WireError::malformed;
    if (current().endpoints.size() == kMaxEndpointsPerAlternate) return WireError::too_large;
    auto endpoint = read_endpoint(bytes, speed_);
    if (!endpoint) return endpoint.error();
    current().endpoints.push_back(*endpoint);
    return std::nullopt;
  }

  // wBytesPerInterval, for periodic endpoints. At other speeds the kernel passes it over too
  // (drivers/usb/core/config.c, usb_parse_endpoint).
  void take_companion(std::span<const std::byte> bytes) {
    if (speed_ != Speed::super && speed_ != Speed::super_plus) return;
    if (bytes.size() < kCompanionBytes || !open_ || current().endpoints.empty()) return;
    Endpoint& endpoint = current().endpoints.back();
    const auto per_interval = load_le<std::uint16_t>(bytes.data() + 4);
    if (per_interval != 0) endpoint.interval_bytes = per_interval;
  }

  void finish_alternate() {
    if (open_) find_synch_endpoint(current());
  }
  AlternateSetting& current() { return result_.alternates.back(); }

  Speed speed_;
  Configuration result_;
  bool open_ = false;
};

}  // namespace

const AlternateSetting* Configuration::find(std::uint8_t interface, std::uint8_t alternate) const {
  const auto found = std::find_if(alternates.begin(), alternates.end(), [&](const auto& setting) {
    return setting.interface == interface && setting.alternate == alternate;
  });
  return found == alternates.end() ? nullptr : &*found;
}

WireResult<DeviceDescriptor> parse_device_descriptor(std::span<const std::byte> bytes) {
  if (bytes.size() < kDeviceDescriptorBytes) return tl::unexpected(WireError::truncated);
  if (u8(bytes, 0) < kDeviceDescriptorBytes || u8(bytes, 1) != kDevice)
    return tl::unexpected(WireError::malformed);
  DeviceDescriptor device;
  device.usb_version = load_le<std::uint16_t>(bytes.data() + 2);
  device.device_class = u8(bytes, 4);
  device.device_subclass = u8(bytes, 5);
  device.device_protocol = u8(bytes, 6);
  device.max_packet_0 = u8(bytes, 7);
  device.vendor_id = load_le<std::uint16_t>(bytes.data() + 8);
  device.product_id = load_le<std::uint16_t>(bytes.data() + 10);
  device.version = load_le<std::uint16_t>(bytes.data() + 12);
  device.configurations = u8(bytes, 17);
  return device;
}

WireResult<Configuration> parse_configuration(std::span<const std::byte> bytes, Speed speed) {
  return ConfigurationParser(speed).parse(bytes);
}

Duration service_interval(const Endpoint& endpoint, Speed speed) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  const bool has_microframes = speed != Speed::low && speed != Speed::full;
  const Duration frame = has_microframes ? Duration{microseconds(125)} : Duration{milliseconds(1)};
  const int raw = endpoint.raw_interval;
  if (endpoint.type == TransferType::isochronous ||
      (endpoint.type == TransferType::interrupt && has_microframes))
    return frame * (1 << (std::clamp(raw, 1, 16) - 1));
  if (endpoint.type == TransferType::interrupt) return frame * std::max(raw, 1);
  return frame;
}

}  // namespace usbgw::wire

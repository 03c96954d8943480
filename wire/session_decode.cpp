#include <algorithm>
#include <limits>

#include "common/byte_order.h"
#include "common/ip_mtu.h"
#include "wire/session_codec.h"
#include "wire/session_proto.h"
#include "wire/text.h"
#include "wire/urb_message.h"

namespace usbgw::wire {
namespace {

constexpr std::uint64_t kMaxStreamDurationNs = 10'000'000'000;
constexpr std::uint32_t kMaxUdpPayload = 65507;
constexpr std::size_t kConfigurationHeaderBytes = 9;  // USB 2.0, table 9-10
constexpr std::size_t kTotalLengthOffset = 2;

// Takes checked values out of one message; remembers whether all of them were good.
class Checker {
 public:
  template <class To, class From>
  To number(From value, std::uint64_t most = std::numeric_limits<To>::max()) {
    require(value <= most);
    return static_cast<To>(value);
  }
  std::string text(const std::string& value, std::size_t most) {
    require(is_printable(value, most));
    return ok_ ? value : std::string();
  }
  Duration duration(std::uint64_t ns) {
    require(ns <= kMaxStreamDurationNs);
    return Duration(ok_ ? static_cast<Duration::rep>(ns) : 0);
  }
  AttachmentId attachment(std::uint32_t value) { return AttachmentId{number<std::uint8_t>(value)}; }
  EndpointAddress endpoint(std::uint32_t value) {
    require((value & ~0x8Fu) == 0);
    return EndpointAddress{number<std::uint8_t>(value)};
  }
  StreamEpoch epoch(std::uint32_t value) { return StreamEpoch{number<std::uint8_t>(value)}; }
  void require(bool holds) { ok_ = ok_ && holds; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  bool ok_ = true;
};

std::span<const std::byte> as_span(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::vector<std::byte> as_vector(const std::string& text) {
  const auto bytes = as_span(text);
  return {bytes.begin(), bytes.end()};
}

Speed speed_of(Checker& check, std::uint32_t value) {
  const bool known = (value >= 1 && value <= 3) || value == 5 || value == 6;
  check.require(known);
  return known ? static_cast<Speed>(value) : Speed::full;
}

ExportInfo take(Checker& check, const proto::ExportInfo& from) {
  ExportInfo info;
  info.id = check.text(from.id(), kMaxExportIdBytes);
  check.require(!from.id().empty());
  info.vendor_id = check.number<std::uint16_t>(from.vendor_id());
  info.product_id = check.number<std::uint16_t>(from.product_id());
  info.serial = check.text(from.serial(), kMaxUsbStringBytes);
  info.manufacturer = check.text(from.manufacturer(), kMaxUsbStringBytes);
  info.product = check.text(from.product(), kMaxUsbStringBytes);
  info.speed = speed_of(check, from.speed());
  info.present = from.present();
  info.holder = check.text(from.holder(), kMaxNameBytes);
  info.held_seconds = from.held_seconds();
  info.policy = check.text(from.policy(), kMaxNameBytes);
  const auto classes = static_cast<std::size_t>(from.interface_classes_size());
  check.require(classes <= kMaxInterfaceClasses);
  if (!check.ok()) return info;
  for (const std::uint32_t value : from.interface_classes())
    info.interface_classes.push_back(check.number<std::uint8_t>(value));
  return info;
}

UdpEndpoint take_endpoint(Checker& check, const std::string& address, std::uint32_t port) {
  std::array<std::uint8_t, 16> bytes{};
  check.require(address.size() == bytes.size());
  if (check.ok()) std::copy(address.begin(), address.end(), bytes.begin());
  return {IpAddress(bytes), check.number<std::uint16_t>(port)};
}

Hello take(Checker& check, const proto::Hello& from) {
  Hello hello;
  hello.protocol = from.protocol();
  hello.name = check.text(from.name(), kMaxNameBytes);
  check.require(!from.name().empty());
  hello.version = check.text(from.version(), kMaxNameBytes);
  hello.dataplane = take_endpoint(check, from.address(), from.udp_port());
  hello.session_index = from.session_index();
  hello.max_datagram = check.number<std::uint32_t>(from.max_datagram(), kMaxUdpPayload);
  if (!from.second_address().empty() || from.second_udp_port() != 0) {
    hello.second_path = take_endpoint(check, from.second_address(), from.second_udp_port());
    const IpAddress& address = hello.second_path->address;
    check.require(!address.is_unspecified() && !address.is_multicast() &&
                  address != hello.dataplane.address && hello.second_path->port != 0);
  }
  return hello;
}

Exports take(Checker& check, const proto::Exports& from) {
  Exports exports;
  exports.request = from.request();
  check.require(static_cast<std::size_t>(from.exports_size()) <= kMaxExports);
  if (!check.ok()) return exports;
  for (const auto& info : from.exports()) exports.exports.push_back(take(check, info));
  return exports;
}

void take_configuration(Checker& check, const std::string& from, Attached& to) {
  check.require(from.size() >= kConfigurationHeaderBytes &&
                from.size() <= kMaxSentConfigurationBytes);
  if (!check.ok()) return;
  check.require(load_le<std::uint16_t>(as_span(from).data() + kTotalLengthOffset) == from.size());
  to.configuration_descriptors.push_back(as_vector(from));
}

Attached take(Checker& check, const proto::Attached& from) {
  Attached attached;
  attached.request = from.request();
  attached.attachment = check.attachment(from.attachment());
  attached.info = take(check, from.info());
  check.require(from.device_descriptor().size() == kDeviceDescriptorBytes);
  const auto configurations = static_cast<std::size_t>(from.configuration_descriptors_size());
  check.require(configurations >= 1 && configurations <= kMaxConfigurations);
  attached.active_configuration = check.number<std::uint8_t>(from.active_configuration());
  attached.packet_bytes = check.number<std::uint16_t>(from.packet_bytes());
  check.require(attached.packet_bytes == 0 || attached.packet_bytes >= kLeastPacketBytes);
  attached.playout = check.duration(from.playout_ns());
  if (!check.ok()) return attached;
  attached.device_descriptor = as_vector(from.device_descriptor());
  for (const auto& configuration : from.configuration_descriptors())
    take_configuration(check, configuration, attached);
  return attached;
}

Refused take(Checker& check, const proto::Refused& from) {
  Refused refused;
  refused.request = from.request();
  refused.code = static_cast<ErrorCode>(
      check.number<std::uint8_t>(from.code(), static_cast<std::uint64_t>(ErrorCode::io)));
  refused.text = check.text(from.text(), kMaxTextBytes);
  return refused;
}

StreamOpen take(Checker& check, const proto::StreamOpen& from) {
  StreamOpen open;
  open.attachment = check.attachment(from.attachment());
  open.endpoint = check.endpoint(from.endpoint());
  open.epoch = check.epoch(from.epoch());
  open.kind = static_cast<StreamKind>(
      check.number<std::uint8_t>(from.kind(), static_cast<std::uint64_t>(StreamKind::polled)));
  open.packet_bytes = check.number<std::uint32_t>(from.packet_bytes(), kMaxUrbBytes);
  open.source_bytes = check.number<std::uint32_t>(from.source_bytes(), kMaxUdpPayload);
  open.playout = check.duration(from.playout_ns());
  open.urb_intervals = from.urb_intervals();
  open.max_payload = check.number<std::uint32_t>(from.max_payload(), kMaxUdpPayload);
  check.require(open.max_payload == 0 || open.max_payload >= kLeastBoundedPayload);
  return open;
}

StreamOpened take(Checker& check, const proto::StreamOpened& from) {
  StreamOpened opened;
  opened.attachment = check.attachment(from.attachment());
  opened.endpoint = check.endpoint(from.endpoint());
  opened.epoch = check.epoch(from.epoch());
  opened.ok = from.ok();
  opened.interval = check.duration(from.interval_ns());
  opened.submit_ahead = check.duration(from.submit_ahead_ns());
  return opened;
}

StreamClose take(Checker& check, const proto::StreamClose& from) {
  return {check.attachment(from.attachment()), check.endpoint(from.endpoint()),
          check.epoch(from.epoch())};
}

StreamTaken take(Checker& check, const proto::StreamTaken& from) {
  return {check.attachment(from.attachment()), check.endpoint(from.endpoint()),
          check.epoch(from.epoch()), from.reports()};
}

StreamMargin take(Checker& check, const proto::StreamMargin& from) {
  return {check.attachment(from.attachment()), check.endpoint(from.endpoint()),
          check.epoch(from.epoch()), check.duration(from.playout_ns())};
}

SessionMessage take_body(Checker& check, const proto::SessionMessage& from) {
  using Body = proto::SessionMessage;
  switch (from.body_case()) {
    case Body::kHello:
      return take(check, from.hello());
    case Body::kListExports:
      return ListExports{from.list_exports().request()};
    case Body::kExports:
      return take(check, from.exports());
    case Body::kAttach:
      check.require(!from.attach().device().empty());
      return Attach{from.attach().request(), check.text(from.attach().device(), kMaxExportIdBytes)};
    case Body::kAttached:
      return take(check, from.attached());
    case Body::kRefused:
      return take(check, from.refused());
    case Body::kDetach:
      return Detach{check.attachment(from.detach().attachment())};
    case Body::kDeviceGone:
      return DeviceGone{check.attachment(from.device_gone().attachment()),
                        check.text(from.device_gone().reason(), kMaxTextBytes)};
    case Body::kStreamOpen:
      return take(check, from.stream_open());
    case Body::kStreamOpened:
      return take(check, from.stream_opened());
    case Body::kStreamClose:
      return take(check, from.stream_close());
    case Body::kKeyEpoch:
      return KeyEpoch{from.key_epoch().epoch(), from.key_epoch().session_index()};
    case Body::kStreamTaken:
      return take(check, from.stream_taken());
    case Body::kStreamMargin:
      return take(check, from.stream_margin());
    case Body::kHeartbeat:
    case Body::BODY_NOT_SET:
      break;
  }
  return Heartbeat{from.heartbeat().count()};
}

}  // namespace

WireResult<SessionMessage> decode_session(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxSessionBytes) return tl::unexpected(WireError::too_large);
  proto::SessionMessage parsed;
  if (!parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return tl::unexpected(WireError::malformed);
  if (parsed.body_case() == proto::SessionMessage::BODY_NOT_SET)
    return tl::unexpected(WireError::unknown_type);
  Checker check;
  SessionMessage message = take_body(check, parsed);
  if (!check.ok()) return tl::unexpected(WireError::malformed);
  return message;
}

}  // namespace usbgw::wire

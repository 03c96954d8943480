#include <algorithm>
#include <limits>

#include "wire/session_codec.h"
#include "wire/session_proto.h"
#include "wire/text.h"

namespace usbgw::wire {
namespace {

std::string name_text(const std::string& text) {
  return make_printable(text, kMaxNameBytes);
}
std::string line_text(const std::string& text) {
  return make_printable(text, kMaxTextBytes);
}
std::string usb_text(const std::string& text) {
  return make_printable(text, kMaxUsbStringBytes);
}

std::string as_string(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t nanoseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0));
}

void fill(proto::ExportInfo& to, const ExportInfo& from) {
  to.set_id(make_printable(from.id, kMaxExportIdBytes));
  to.set_vendor_id(from.vendor_id);
  to.set_product_id(from.product_id);
  to.set_serial(usb_text(from.serial));
  to.set_manufacturer(usb_text(from.manufacturer));
  to.set_product(usb_text(from.product));
  to.set_speed(static_cast<std::uint32_t>(from.speed));
  to.set_present(from.present);
  to.set_holder(name_text(from.holder));
  to.set_held_seconds(from.held_seconds);
  to.set_policy(name_text(from.policy));
  const std::size_t classes = std::min(from.interface_classes.size(), kMaxInterfaceClasses);
  for (std::size_t i = 0; i < classes; ++i) to.add_interface_classes(from.interface_classes[i]);
}

// One overload a message; the variant picks it.
struct Filler {
  proto::SessionMessage& to;

  void operator()(const Hello& from) const {
    auto& hello = *to.mutable_hello();
    hello.set_protocol(from.protocol);
    hello.set_name(name_text(from.name));
    hello.set_version(name_text(from.version));
    hello.set_address(as_string(std::as_bytes(std::span(from.dataplane.address.bytes()))));
    hello.set_udp_port(from.dataplane.port);
    hello.set_session_index(from.session_index);
    hello.set_max_datagram(from.max_datagram);
    if (!from.second_path) return;
    hello.set_second_address(
        as_string(std::as_bytes(std::span(from.second_path->address.bytes()))));
    hello.set_second_udp_port(from.second_path->port);
  }
  void operator()(const Heartbeat& from) const { to.mutable_heartbeat()->set_count(from.count); }
  void operator()(const ListExports& from) const {
    to.mutable_list_exports()->set_request(from.request);
  }
  void operator()(const Exports& from) const {
    auto& exports = *to.mutable_exports();
    exports.set_request(from.request);
    const std::size_t count = std::min(from.exports.size(), kMaxExports);
    for (std::size_t i = 0; i < count; ++i) fill(*exports.add_exports(), from.exports[i]);
  }
  void operator()(const Attach& from) const {
    to.mutable_attach()->set_request(from.request);
    to.mutable_attach()->set_device(make_printable(from.device, kMaxExportIdBytes));
  }
  void operator()(const Attached& from) const {
    auto& attached = *to.mutable_attached();
    attached.set_request(from.request);
    attached.set_attachment(from.attachment.value());
    fill(*attached.mutable_info(), from.info);
    attached.set_device_descriptor(as_string(from.device_descriptor));
    for (const auto& configuration : from.configuration_descriptors)
      attached.add_configuration_descriptors(as_string(configuration));
    attached.set_active_configuration(from.active_configuration);
    attached.set_packet_bytes(from.packet_bytes);
    attached.set_playout_ns(nanoseconds(from.playout));
  }
  void operator()(const Refused& from) const {
    auto& refused = *to.mutable_refused();
    refused.set_request(from.request);
    refused.set_code(static_cast<std::uint32_t>(from.code));
    refused.set_text(line_text(from.text));
  }
  void operator()(const Detach& from) const {
    to.mutable_detach()->set_attachment(from.attachment.value());
  }
  void operator()(const DeviceGone& from) const {
    to.mutable_device_gone()->set_attachment(from.attachment.value());
    to.mutable_device_gone()->set_reason(line_text(from.reason));
  }
  void operator()(const StreamOpen& from) const {
    auto& open = *to.mutable_stream_open();
    open.set_attachment(from.attachment.value());
    open.set_endpoint(from.endpoint.value());
    open.set_epoch(from.epoch.value());
    open.set_kind(static_cast<std::uint32_t>(from.kind));
    open.set_packet_bytes(from.packet_bytes);
    open.set_source_bytes(from.source_bytes);
    open.set_playout_ns(nanoseconds(from.playout));
    open.set_urb_intervals(from.urb_intervals);
    open.set_max_payload(from.max_payload);
  }
  void operator()(const StreamOpened& from) const {
    auto& opened = *to.mutable_stream_opened();
    opened.set_attachment(from.attachment.value());
    opened.set_endpoint(from.endpoint.value());
    opened.set_epoch(from.epoch.value());
    opened.set_ok(from.ok);
    opened.set_interval_ns(nanoseconds(from.interval));
    opened.set_submit_ahead_ns(nanoseconds(from.submit_ahead));
  }
  void operator()(const StreamClose& from) const {
    auto& close = *to.mutable_stream_close();
    close.set_attachment(from.attachment.value());
    close.set_endpoint(from.endpoint.value());
    close.set_epoch(from.epoch.value());
  }
  void operator()(const StreamTaken& from) const {
    auto& taken = *to.mutable_stream_taken();
    taken.set_attachment(from.attachment.value());
    taken.set_endpoint(from.endpoint.value());
    taken.set_epoch(from.epoch.value());
    taken.set_reports(from.reports);
  }
  void operator()(const StreamMargin& from) const {
    auto& margin = *to.mutable_stream_margin();
    margin.set_attachment(from.attachment.value());
    margin.set_endpoint(from.endpoint.value());
    margin.set_epoch(from.epoch.value());
    margin.set_playout_ns(nanoseconds(from.playout));
  }
  void operator()(const KeyEpoch& from) const {
    to.mutable_key_epoch()->set_epoch(from.epoch);
    to.mutable_key_epoch()->set_session_index(from.session_index);
  }
};

}  // namespace

std::vector<std::byte> encode(const SessionMessage& message) {
  proto::SessionMessage filled;
  std::visit(Filler{filled}, message);
  std::vector<std::byte> bytes(filled.ByteSizeLong());
  static_cast<void>(filled.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

}  // namespace usbgw::wire

// The messages of wire/session.proto as plain structs with checked values: no other folder touches
// protobuf. wire/session_codec.h turns them into bytes and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ip_address.h"
#include "common/result.h"
#include "common/usb.h"
#include "wire/stream_request.h"
#include "wire/wire_limits.h"

namespace usbgw::wire {

// What a peer may send at most; decode refuses more, encode cuts texts to it.
inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxTextBytes = 256;
inline constexpr std::size_t kMaxUsbStringBytes =
    384;  // 126 UTF-16 units (USB 2.0, 9.6.7) in UTF-8
inline constexpr std::size_t kMaxExportIdBytes = kMaxUsbStringBytes + 16;  // vid:pid:serial
inline constexpr std::size_t kMaxExports = 256;
inline constexpr std::size_t kMaxInterfaceClasses = 32;
inline constexpr std::size_t kMaxConfigurations = 8;
inline constexpr std::size_t kMaxSentConfigurationBytes = 16384;
inline constexpr std::size_t kMaxSessionBytes = std::size_t{1} << 19;
static_assert(kMaxConfigurations * kMaxSentConfigurationBytes < kMaxSessionBytes,
              "the largest Attached fits one message");
inline constexpr std::size_t kMaxExportInfoBytes =
    kMaxExportIdBytes + 3 * kMaxUsbStringBytes + 2 * kMaxNameBytes + 4 * kMaxInterfaceClasses + 64;
static_assert(kMaxExports * kMaxExportInfoBytes < kMaxSessionBytes,
              "the longest list of exports fits one message");

struct Hello {
  std::uint32_t protocol = 0;
  std::string name;     // the configured node name
  std::string version;  // software version, for people
  UdpEndpoint dataplane;
  std::uint32_t session_index = 0;  // under which the sender of this Hello wants to receive
  std::uint32_t max_datagram = 0;   // largest UDP payload that its port can take; with two, both
  std::optional<UdpEndpoint> second_path;  // at its other port; two paths when both ends have one
  bool operator==(const Hello&) const = default;
};

struct Heartbeat {
  std::uint64_t count = 0;
  bool operator==(const Heartbeat&) const = default;
};

struct ListExports {
  std::uint64_t request = 0;
  bool operator==(const ListExports&) const = default;
};

struct ExportInfo {
  std::string id;  // stable name: vid:pid[:serial], or software:NAME
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::string serial;
  std::string manufacturer;
  std::string product;
  Speed speed = Speed::full;
  bool present = false;
  std::string holder;  // node that holds the lease; empty when free
  std::uint64_t held_seconds = 0;
  std::string policy;
  std::vector<std::uint8_t> interface_classes;
  bool operator==(const ExportInfo&) const = default;
};

struct Exports {
  std::uint64_t request = 0;
  std::vector<ExportInfo> exports;
  bool operator==(const Exports&) const = default;
};

struct Attach {
  std::uint64_t request = 0;
  std::string device;  // an ExportInfo id, or its vid:pid part when that is unambiguous
  bool operator==(const Attach&) const = default;
};

struct Attached {
  std::uint64_t request = 0;
  AttachmentId attachment;
  ExportInfo info;
  std::vector<std::byte> device_descriptor;                       // 18 bytes
  std::vector<std::vector<std::byte>> configuration_descriptors;  // whole, each wTotalLength bytes
  std::uint8_t active_configuration = 0;                          // bConfigurationValue, 0: none
  // Largest IP packet that may carry its isochronous data; 0: the path's.
  std::uint32_t packet_bytes = 0;
  Duration playout{};  // D for hosts that have no other of their own; zero: theirs
  bool operator==(const Attached&) const = default;
};

struct Refused {
  std::uint64_t request = 0;
  ErrorCode code = ErrorCode::refused;
  std::string text;  // one line for people; names the device and the holder
  bool operator==(const Refused&) const = default;
};

struct Detach {
  AttachmentId attachment;
  bool operator==(const Detach&) const = default;
};

struct DeviceGone {
  AttachmentId attachment;
  std::string reason;
  bool operator==(const DeviceGone&) const = default;
};

// The sender will receive under this index and key epoch from now on; the old one stays valid for
// a while.
struct KeyEpoch {
  std::uint32_t epoch = 0;
  std::uint32_t session_index = 0;
  bool operator==(const KeyEpoch&) const = default;
};

using SessionMessage = std::variant<Hello, Heartbeat, ListExports, Exports, Attach, Attached,
                                    Refused, Detach, DeviceGone, StreamOpen, StreamOpened,
                                    StreamClose, KeyEpoch, StreamTaken, StreamMargin>;

}  // namespace usbgw::wire

// USB/IP 1.1.1 as vhci_hcd speaks it on its socket once a device is attached: the four PDUs after
// the import handshake (which vhci itself never does). Layout: Documentation/usb/usbip_protocol.rst
// and drivers/usb/usbip/usbip_common.h. All fields big endian, but for setup, which is as on the
// bus. The stream reader is wire/usbip_reader.h.
//
// every header 0 u32 command | 4 u32 seqnum | 8 u32 devid | 12 u32 direction, 1: IN | 16 u32 ep
// CMD_SUBMIT  20 u32 transfer_flags | 24 s32 transfer_buffer_length | 28 s32 start_frame
//             32 s32 number_of_packets | 36 s32 interval | 40 u8[8] setup
// RET_SUBMIT  20 s32 status | 24 s32 actual_length | 28 s32 start_frame
//             32 s32 number_of_packets | 36 s32 error_count | 40 zero
// CMD_UNLINK  20 u32 unlink_seqnum | 24 zero
// RET_UNLINK  20 s32 status | 24 zero
// then        data: CMD_SUBMIT OUT transfer_buffer_length bytes (isochronous too: gaps included,
//             as vhci_tx sends them), RET_SUBMIT IN actual_length bytes (isochronous: back to back)
// then        isochronous only, both commands, number_of_packets times:
//             0 u32 offset | 4 u32 length | 8 u32 actual_length | 12 s32 status
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <variant>

#include "common/usb.h"
#include "wire/wire_error.h"

namespace usbgw::wire::usbip {

inline constexpr std::size_t kHeaderBytes = 48;
inline constexpr std::size_t kIsoDescriptorBytes = 16;
inline constexpr std::size_t kMaxIsoPackets = 1024;  // USBIP_MAX_ISO_PACKETS, usbip_common.h

using Header = std::array<std::byte, kHeaderBytes>;

// USBIP_URB_* of include/uapi/linux/usbip.h; other bits carry nothing for us.
enum TransferFlag : std::uint32_t {
  kShortNotOk = 0x0001,
  kIsoAsap = 0x0002,
  kZeroPacket = 0x0040,
  kDirectionIn = 0x0200,
};

struct Submit {
  std::uint32_t seqnum = 0;
  std::uint32_t devid = 0;
  EndpointAddress endpoint;  // of the default pipe: number 0 with the direction of the transfer
  std::uint32_t flags = 0;
  std::uint32_t length = 0;
  std::int32_t start_frame = 0;
  std::int32_t number_of_packets = 0;  // means something on isochronous endpoints only
  std::int32_t interval = 0;
  SetupPacket setup;
  bool operator==(const Submit&) const = default;
};

struct SubmitReply {
  std::uint32_t seqnum = 0;
  UrbStatus status = UrbStatus::ok;
  std::uint32_t actual = 0;
  std::int32_t start_frame = 0;
  std::int32_t number_of_packets = 0;
  std::int32_t error_count = 0;
  bool operator==(const SubmitReply&) const = default;
};

struct Unlink {
  std::uint32_t seqnum = 0;
  std::uint32_t devid = 0;
  std::uint32_t unlink_seqnum = 0;
  bool operator==(const Unlink&) const = default;
};

struct UnlinkReply {
  std::uint32_t seqnum = 0;  // of the Unlink
  UrbStatus status = UrbStatus::ok;
  bool operator==(const UnlinkReply&) const = default;
};

struct IsoDescriptor {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t actual = 0;
  UrbStatus status = UrbStatus::ok;
  bool operator==(const IsoDescriptor&) const = default;
};

using Command = std::variant<Submit, Unlink>;
using Reply = std::variant<SubmitReply, UnlinkReply>;

[[nodiscard]] Header encode(const Submit& submit);
[[nodiscard]] Header encode(const SubmitReply& reply);
[[nodiscard]] Header encode(const Unlink& unlink);
[[nodiscard]] Header encode(const UnlinkReply& reply);
void encode(const IsoDescriptor& packet, std::span<std::byte, kIsoDescriptorBytes> to);

// Header only. Refuse a short header, the other side's commands, an endpoint above 15, a direction
// above 1, negative lengths. number_of_packets is taken as it is: for pipes that are not
// isochronous Linux sends 0, -1 or a stale value.
[[nodiscard]] WireResult<Command> decode_command(std::span<const std::byte> header);
[[nodiscard]] WireResult<Reply> decode_reply(std::span<const std::byte> header);
[[nodiscard]] IsoDescriptor decode_iso(std::span<const std::byte, kIsoDescriptorBytes> bytes);

// Descriptors as they lie in a PDU; nothing is copied.
class IsoDescriptors {
 public:
  IsoDescriptors() = default;
  explicit IsoDescriptors(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t size() const { return bytes_.size() / kIsoDescriptorBytes; }
  [[nodiscard]] IsoDescriptor operator[](std::size_t i) const {
    return decode_iso(
        bytes_.subspan(i * kIsoDescriptorBytes).template first<kIsoDescriptorBytes>());
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace usbgw::wire::usbip

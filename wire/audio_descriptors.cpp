#include "wire/audio_descriptors.h"

#include <algorithm>

#include "common/byte_order.h"

namespace usbgw::wire {
namespace {

// bDescriptorSubtype of AudioStreaming interface descriptors (Audio 1.0 A.6, Audio 2.0 A.10).
constexpr std::uint8_t kGeneral = 1;
constexpr std::uint8_t kFormatType = 2;
// wFormatTag, Audio 1.0 Data Formats A.1.1.
constexpr std::uint16_t kTagPcm = 1;
constexpr std::uint16_t kTagPcm8 = 2;
constexpr std::uint16_t kTagFloat = 3;
// bmFormats of Type I, Audio 2.0 Data Formats A.2.1.
constexpr std::uint32_t kBitPcm = 1;
constexpr std::uint32_t kBitPcm8 = 2;
constexpr std::uint32_t kBitFloat = 4;
constexpr std::uint8_t kProtocolUac2 = 0x20;

std::uint8_t u8(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

std::uint32_t u24(std::span<const std::byte> bytes, std::size_t at) {
  return load_le<std::uint16_t>(bytes.data() + at) | std::uint32_t{u8(bytes, at + 2)} << 16;
}

void read_general_1(std::span<const std::byte> bytes, AudioFormat& format) {
  if (bytes.size() < 7) return;
  const auto tag = load_le<std::uint16_t>(bytes.data() + 5);
  format.is_pcm = tag == kTagPcm || tag == kTagPcm8 || tag == kTagFloat;
  format.is_float = tag == kTagFloat;
  if (tag == kTagPcm8) format.silence = std::byte{0x80};
}

void read_general_2(std::span<const std::byte> bytes, AudioFormat& format) {
  if (bytes.size() < 16) return;
  const auto formats = load_le<std::uint32_t>(bytes.data() + 6);
  const bool is_type_1 = u8(bytes, 5) == 1;
  format.is_pcm = is_type_1 && (formats & (kBitPcm | kBitPcm8 | kBitFloat)) != 0;
  format.is_float = (formats & (kBitPcm | kBitPcm8 | kBitFloat)) == kBitFloat;
  if ((formats & (kBitPcm | kBitFloat)) == 0 && (formats & kBitPcm8) != 0)
    format.silence = std::byte{0x80};
  format.channels = u8(bytes, 10);
}

// Audio 1.0 Data Formats, table 2-1: bSamFreqType 0 states a range, else that many rates.
void read_rates(std::span<const std::byte> bytes, AudioFormat& format) {
  const std::size_t stated = u8(bytes, 7);
  const std::size_t room = (bytes.size() - 8) / 3;
  const std::size_t count = std::min({stated == 0 ? 2 : stated, room, kMaxSampleRates});
  format.rates_are_range = stated == 0;
  format.sample_rates.clear();
  for (std::size_t i = 0; i < count; ++i) format.sample_rates.push_back(u24(bytes, 8 + 3 * i));
}

void read_format_1(std::span<const std::byte> bytes, AudioFormat& format) {
  if (bytes.size() < 8) return;
  if (u8(bytes, 3) != 1) format.is_pcm = false;
  format.channels = u8(bytes, 4);
  format.subslot_bytes = u8(bytes, 5);
  format.bit_resolution = u8(bytes, 6);
  read_rates(bytes, format);
}

void read_format_2(std::span<const std::byte> bytes, AudioFormat& format) {
  if (bytes.size() < 6 || u8(bytes, 3) != 1) return;
  format.subslot_bytes = u8(bytes, 4);
  format.bit_resolution = u8(bytes, 5);
}

}  // namespace

void read_audio_interface(std::span<const std::byte> bytes, AlternateSetting& setting) {
  if (bytes.size() < 3) return;
  const bool is_uac2 = setting.interface_protocol == kProtocolUac2;
  if (!setting.audio) setting.audio.emplace().uac = is_uac2 ? 2 : 1;
  const std::uint8_t subtype = u8(bytes, 2);
  if (subtype == kGeneral)
    is_uac2 ? read_general_2(bytes, *setting.audio) : read_general_1(bytes, *setting.audio);
  if (subtype == kFormatType)
    is_uac2 ? read_format_2(bytes, *setting.audio) : read_format_1(bytes, *setting.audio);
}

// Audio 1.0 (3.7.2.2) puts the synch endpoint second, opposite to an asynchronous sink or an
// adaptive source, and USB 1.1 had no usage bits yet (kernel: sound/usb/pcm.c, set_sync_endpoint).
void find_synch_endpoint(AlternateSetting& setting) {
  if (!setting.is_audio_streaming() || setting.endpoints.size() < 2) return;
  const Endpoint& data = setting.endpoints[0];
  Endpoint& synch = setting.endpoints[1];
  const auto expected =
      data.address.is_in() ? Synchronization::adaptive : Synchronization::asynchronous;
  const bool is_pair = data.type == TransferType::isochronous &&
                       synch.type == TransferType::isochronous &&
                       data.address.is_in() != synch.address.is_in();
  if (is_pair && data.synchronization == expected && synch.usage == EndpointUsage::data &&
      synch.synchronization == Synchronization::none)
    synch.usage = EndpointUsage::feedback;
}

}  // namespace usbgw::wire

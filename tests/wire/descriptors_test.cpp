#include "wire/descriptors.h"

#include <gtest/gtest.h>

#include <string>

#include "common/random.h"
#include "tests/wire/captured_descriptors.h"

namespace usbgw::wire {
namespace {

std::vector<std::byte> bytes_of(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

Configuration parsed(std::string_view hex, Speed speed) {
  const auto result = parse_configuration(bytes_of(hex), speed);
  EXPECT_TRUE(result);
  return result.value_or(Configuration{});
}

TEST(DeviceDescriptor, FromCapture) {
  const auto device = parse_device_descriptor(bytes_of(captured::kHeadsetDevice));
  ASSERT_TRUE(device);
  EXPECT_EQ(device->usb_version, 0x0200);
  EXPECT_EQ(device->vendor_id, 0x0020);
  EXPECT_EQ(device->product_id, 0x0B21);
  EXPECT_EQ(device->max_packet_0, 64);
  EXPECT_EQ(device->configurations, 1);
}

TEST(DeviceDescriptor, TruncatedAtEveryLengthIsRefused) {
  const auto whole = bytes_of(captured::kHeadsetDevice);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parse_device_descriptor(std::span(whole).first(length)));
}

TEST(Configuration, HeadsetFromCapture) {
  const auto headset = parsed(captured::kHeadset, Speed::full);
  EXPECT_EQ(headset.value, 1);
  EXPECT_EQ(headset.interfaces, 4);
  ASSERT_EQ(headset.alternates.size(), 6u);
  const auto* playback = headset.find(1, 1);
  ASSERT_NE(playback, nullptr);
  ASSERT_EQ(playback->endpoints.size(), 1u);
  const Endpoint& out = playback->endpoints[0];
  EXPECT_EQ(out.address, EndpointAddress(0x03));
  EXPECT_EQ(out.type, TransferType::isochronous);
  EXPECT_EQ(out.synchronization, Synchronization::synchronous);
  EXPECT_EQ(out.usage, EndpointUsage::data);
  EXPECT_EQ(out.interval_bytes, 384u);
  EXPECT_EQ(service_interval(out, Speed::full), std::chrono::milliseconds(1));
  ASSERT_TRUE(playback->audio);
  EXPECT_TRUE(playback->audio->is_pcm);
  EXPECT_EQ(playback->audio->uac, 1);
  EXPECT_EQ(playback->audio->frame_bytes(), 4u);
  EXPECT_EQ(playback->audio->sample_rates, std::vector<std::uint32_t>{48000});
  const auto* hid = headset.find(3, 0);
  ASSERT_NE(hid, nullptr);
  ASSERT_EQ(hid->endpoints.size(), 2u);
  EXPECT_EQ(hid->endpoints[0].type, TransferType::interrupt);
  EXPECT_FALSE(hid->audio);
}

TEST(Configuration, CameraFromCapture) {
  const auto camera = parsed(captured::kCamera, Speed::high);
  const auto* widest = camera.find(1, 6);
  ASSERT_NE(widest, nullptr);
  EXPECT_TRUE(widest->is_video_streaming());
  EXPECT_FALSE(widest->audio);
  EXPECT_EQ(widest->endpoints[0].max_packet, 1024);
  EXPECT_EQ(widest->endpoints[0].interval_bytes, 3072u);
  EXPECT_EQ(camera.find(1, 4)->endpoints[0].interval_bytes, 1600u);
  EXPECT_EQ(service_interval(widest->endpoints[0], Speed::high), std::chrono::microseconds(125));
  const auto* microphone = camera.find(3, 1);
  ASSERT_NE(microphone, nullptr);
  ASSERT_TRUE(microphone->audio);
  EXPECT_EQ(microphone->audio->sample_rates.size(), 7u);
  EXPECT_EQ(microphone->audio->sample_rates.back(), 48000u);
  EXPECT_EQ(microphone->audio->channels, 1);
  EXPECT_EQ(service_interval(microphone->endpoints[0], Speed::high), std::chrono::milliseconds(1));
}

// An isochronous endpoint of 1024 bytes whose companion says 49152 an interval.
TEST(Configuration, CompanionIsOfSuperSpeedAlone) {
  const std::string_view hex =
      "09021F0001010080320904000001FF00000007058105000401"
      "06300F0200C0";
  EXPECT_EQ(parsed(hex, Speed::super).find(0, 0)->endpoints[0].interval_bytes, 49152u);
  EXPECT_EQ(parsed(hex, Speed::super_plus).find(0, 0)->endpoints[0].interval_bytes, 49152u);
  EXPECT_EQ(parsed(hex, Speed::high).find(0, 0)->endpoints[0].interval_bytes, 1024u);
  EXPECT_EQ(parsed(hex, Speed::full).find(0, 0)->endpoints[0].interval_bytes, 1024u);
}

TEST(Configuration, ExplicitFeedbackFromCapture) {
  const auto interface = parsed(captured::kExplicitFeedback, Speed::high);
  const auto* playback = interface.find(1, 1);
  ASSERT_NE(playback, nullptr);
  ASSERT_TRUE(playback->audio);
  EXPECT_EQ(playback->audio->uac, 2);
  EXPECT_TRUE(playback->audio->is_pcm);
  EXPECT_EQ(playback->audio->subslot_bytes, 4);
  EXPECT_EQ(playback->audio->channels, 2);
  EXPECT_TRUE(playback->audio->sample_rates.empty());
  ASSERT_EQ(playback->endpoints.size(), 2u);
  EXPECT_EQ(playback->endpoints[0].synchronization, Synchronization::asynchronous);
  EXPECT_EQ(playback->endpoints[1].usage, EndpointUsage::feedback);
  EXPECT_EQ(service_interval(playback->endpoints[1], Speed::high), std::chrono::milliseconds(1));
}

// A device of one AudioStreaming setting: wFormatTag (Audio 1.0) or bmFormats (Audio 2.0) as given.
AudioFormat format_of(std::string_view protocol, std::string_view general) {
  const std::string interface = "09040001000102" + std::string(protocol) + "00";
  const std::string body = interface + std::string(general);
  const auto total = static_cast<unsigned>(9 + body.size() / 2);
  char head[32];
  std::snprintf(head, sizeof head, "0902%02X00010100%s", total, "8032");
  return parsed(head + body, Speed::high).find(0, 1)->audio.value_or(AudioFormat{});
}

// Audio Data Formats 1.0, A.1.1; 2.0, A.2.1.
TEST(Configuration, SampleCodingOfLinearFormats) {
  EXPECT_FALSE(format_of("00", "07240101010100").is_float);
  EXPECT_TRUE(format_of("00", "07240101010300").is_float);
  EXPECT_TRUE(format_of("00", "07240101010300").is_pcm);
  EXPECT_EQ(format_of("00", "07240101010200").silence, std::byte{0x80});
  EXPECT_FALSE(format_of("20", "10240101000101000000020300000000").is_float);
  EXPECT_TRUE(format_of("20", "10240101000104000000020300000000").is_float);
  EXPECT_EQ(format_of("20", "10240101000102000000020300000000").silence, std::byte{0x80});
  EXPECT_FALSE(format_of("20", "10240101000100000080020300000000").is_pcm);  // raw data
}

TEST(Configuration, ImplicitFeedbackAndMidiFromCapture) {
  const auto device = parsed(captured::kImplicitFeedback, Speed::high);
  const auto* recording = device.find(2, 1);
  ASSERT_NE(recording, nullptr);
  EXPECT_EQ(recording->endpoints[0].usage, EndpointUsage::implicit_feedback);
  EXPECT_EQ(recording->audio->frame_bytes(), 6u);
  const auto* midi = device.find(3, 0);
  ASSERT_NE(midi, nullptr);
  EXPECT_TRUE(midi->is_midi_streaming());
}

TEST(Configuration, TruncatedAtEveryLengthIsRefused) {
  for (const auto hex : {captured::kHeadset, captured::kCamera, captured::kExplicitFeedback}) {
    const auto whole = bytes_of(hex);
    for (std::size_t length = 0; length < whole.size(); ++length)
      ASSERT_FALSE(parse_configuration(std::span(whole).first(length), Speed::high)) << length;
  }
}

TEST(Configuration, DescriptorOfLengthZeroOrOneIsRefused) {
  for (const auto length : {std::byte{0}, std::byte{1}}) {
    auto bytes = bytes_of(captured::kHeadset);
    bytes[9] = length;
    EXPECT_FALSE(parse_configuration(bytes, Speed::full));
  }
}

TEST(Configuration, EndpointBeforeAnyInterfaceIsRefused) {
  EXPECT_FALSE(parse_configuration(bytes_of("09021000010100803207058103080001"), Speed::full));
}

TEST(Configuration, TooManyEndpointsAreRefused) {
  std::string hex = "090400001F03000000";
  for (std::size_t i = 0; i <= kMaxEndpointsPerAlternate; ++i) hex += "07058103080001";
  const std::size_t total = 9 + hex.size() / 2;
  char head[32];
  std::snprintf(head, sizeof head, "0902%02X%02X0101008032", static_cast<unsigned>(total & 0xFF),
                static_cast<unsigned>(total >> 8));
  const auto result = parse_configuration(bytes_of(head + hex), Speed::full);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), WireError::too_large);
}

TEST(Configuration, StatedRatesBeyondTheDescriptorAreNotRead) {
  auto bytes = bytes_of(captured::kHeadset);
  const auto whole = parse_configuration(bytes, Speed::full);
  for (std::size_t i = 0; i + 8 < bytes.size(); ++i)
    if (bytes[i] == std::byte{0x0B} && bytes[i + 1] == std::byte{0x24})
      bytes[i + 7] = std::byte{255};
  const auto result = parse_configuration(bytes, Speed::full);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->find(1, 1)->audio->sample_rates.size(), 1u);
}

// USB 1.1 had no usage bits: the synch endpoint is known by its place.
TEST(Configuration, SecondEndpointOfAnOldAsynchronousSinkIsItsFeedback) {
  const auto old = parsed(
      "09022B00010100C032"
      "090401010201020000"
      "07240101010100"
      "090501050001010081"
      "090581010300010500",
      Speed::full);
  ASSERT_EQ(old.alternates.size(), 1u);
  ASSERT_EQ(old.alternates[0].endpoints.size(), 2u);
  EXPECT_EQ(old.alternates[0].endpoints[0].synch_address, EndpointAddress(0x81));
  EXPECT_EQ(old.alternates[0].endpoints[1].usage, EndpointUsage::feedback);
  EXPECT_EQ(old.alternates[0].endpoints[1].refresh, 5);
}

TEST(Configuration, RandomDamageNeverReadsOutside) {
  Random random(7);
  const auto whole = bytes_of(captured::kCamera);
  for (int round = 0; round < 2000; ++round) {
    // An exactly sized copy, so that an address sanitizer sees any overrun.
    std::vector<std::byte> bytes(
        whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(random.below(whole.size() + 1)));
    for (int flips = 0; flips < 4 && !bytes.empty(); ++flips)
      bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    const auto result = parse_configuration(bytes, Speed::high);
    if (!result) continue;
    for (const auto& setting : result->alternates)
      for (const auto& endpoint : setting.endpoints)
        EXPECT_GT(service_interval(endpoint, Speed::high).count(), 0);
  }
}

}  // namespace
}  // namespace usbgw::wire

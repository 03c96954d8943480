#include "usbside/device/software/audio_descriptors.h"

#include <algorithm>
#include <array>

#include "usbside/device/software/counter_pattern.h"

namespace usbgw::device::software {
namespace {

// USB 2.0, 5.6.3: the largest isochronous packet, and three of them a microframe.
constexpr int kMaxFullSpeed = 1023;
constexpr int kMaxHighSpeed = 1024;
constexpr int kMaxTransactions = 3;

constexpr std::array<std::uint32_t, 6> kRates{32000, 44100, 48000, 88200, 96000, 192000};

// Audio Device Class codes: 1.0 and 2.0, appendix A.
enum DescriptorType : int { kInterface = 4, kEndpoint = 5, kAssociation = 0x0B };
enum AudioType : int { kCsInterface = 0x24, kCsEndpoint = 0x25 };
constexpr int kAudio = 1;
constexpr int kControl = 1;
constexpr int kStreaming = 2;
constexpr int kProtocol20 = 0x20;
// Terminal types: USB streaming 0x0101, microphone 0x0201, speaker 0x0301.
// bmAttributes of a feedback endpoint: 0x11.

constexpr int kMaxIntervalExponent = 3;  // 1 ms: no driver takes longer ones for audio

int interval_bytes(const AudioOptions& options) {
  const auto per_second = packets_per_second(options);
  const auto rate = std::max(options.rate, options.other_rate);
  const auto frames = (rate + per_second - 1) / per_second + 1;
  return static_cast<int>(frames) * options.channels * static_cast<int>(kSampleBytes);
}

// wMaxPacketSize with the additional transactions of a high-bandwidth endpoint in bits 12..11.
int packet_field(const AudioOptions& options) {
  const int bytes = interval_bytes(options);
  const int transactions = (bytes + kMaxHighSpeed - 1) / kMaxHighSpeed;
  const int each = (bytes + transactions - 1) / transactions;
  return each | (transactions - 1) << 11;
}

// bmAttributes of an isochronous data endpoint: synchronisation type in bits 3..2, usage in 5..4.
int data_attributes(const AudioOptions& options, bool is_out) {
  constexpr int kAsynchronous = 0x05;
  constexpr int kAdaptive = 0x09;
  constexpr int kSynchronous = 0x0D;
  constexpr int kAlsoImplicitFeedback = 0x25;
  switch (options.synchronisation) {
    case Synchronisation::synchronous:
      return kSynchronous;
    case Synchronisation::adaptive:
      return is_out ? kAdaptive : kAsynchronous;
    case Synchronisation::implicit_feedback:
      return is_out ? kAsynchronous : kAlsoImplicitFeedback;
    case Synchronisation::explicit_feedback:
      break;
  }
  return kAsynchronous;
}

// Type I format of an Audio 1.0 setting, with its sample rates (Data Formats 1.0, 2.2.5).
void add_format(DescriptorBuilder& build, const AudioOptions& options) {
  const int rate = static_cast<int>(options.rate);
  const int other = static_cast<int>(options.other_rate);
  if (other == 0) {
    build.add(
        {kCsInterface, 2, 1, options.channels, 2, 16, 1, low(rate), high(rate), low(rate >> 16)});
  } else {
    build.add({kCsInterface, 2, 1, options.channels, 2, 16, 2, low(rate), high(rate),
               low(rate >> 16), low(other), high(other), low(other >> 16)});
  }
}

int channel_map(const AudioOptions& options) {
  return options.channels == 2 ? 3 : 0;
}

std::vector<std::byte> describe_uac1(const AudioOptions& options) {
  DescriptorBuilder build;
  const int map = channel_map(options);
  const int packet = packet_field(options);
  const bool has_feedback = options.synchronisation == Synchronisation::explicit_feedback;
  build.configuration(3).add({kInterface, 0, 0, 0, kAudio, kControl, 0, 0});
  const std::size_t control = build.size();
  build.add({kCsInterface, 1, 0x00, 0x01, 0, 0, 2, 1, 2})
      .add({kCsInterface, 2, 1, 0x01, 0x01, 0, options.channels, map, 0, 0, 0})
      .add({kCsInterface, 3, 2, 0x01, 0x03, 0, 1, 0})
      .add({kCsInterface, 2, 3, 0x01, 0x02, 0, options.channels, map, 0, 0, 0})
      .add({kCsInterface, 3, 4, 0x01, 0x01, 0, 3, 0})
      .store_length(control + 5, control);
  for (const int interface : {1, 2}) {
    const bool is_out = interface == kAudioOutInterface;
    const bool has_sync = is_out && has_feedback;
    const int attributes = data_attributes(options, is_out);
    build.add({kInterface, interface, 0, 0, kAudio, kStreaming, 0, 0})
        .add({kInterface, interface, 1, has_sync ? 2 : 1, kAudio, kStreaming, 0, 0})
        .add({kCsInterface, 1, is_out ? 1 : 4, 1, 1, 0});
    add_format(build, options);
    build
        .add({kEndpoint, is_out ? kAudioOut.value() : kAudioIn.value(), attributes, low(packet),
              high(packet), 1, 0, has_sync ? kAudioFeedback.value() : 0})
        .add({kCsEndpoint, 1, 0, 0, 0, 0});
    // bRefresh 3: every 8 ms.
    if (has_sync) build.add({kEndpoint, kAudioFeedback.value(), 0x11, 3, 0, 1, 3, 0});
  }
  return build.finish();
}

std::vector<std::byte> describe_uac2(const AudioOptions& options) {
  DescriptorBuilder build;
  const int map = channel_map(options);
  const int packet = packet_field(options);
  const bool has_feedback = options.synchronisation == Synchronisation::explicit_feedback;
  build.configuration(3)
      .add({kAssociation, 0, 3, kAudio, 0, kProtocol20, 0})
      .add({kInterface, 0, 0, 0, kAudio, kControl, kProtocol20, 0});
  const std::size_t control = build.size();
  // The clock is internal and fixed; frequency and validity can be read.
  build.add({kCsInterface, 1, 0x00, 0x02, 8, 0, 0, 0})
      .add({kCsInterface, 0x0A, kClockSource, 0x01, 0x05, 0, 0})
      .add({kCsInterface, 2, 1, 0x01, 0x01, 0, kClockSource, options.channels, map, 0, 0, 0, 0, 0,
            0, 0})
      .add({kCsInterface, 3, 2, 0x01, 0x03, 0, 1, kClockSource, 0, 0, 0})
      .add({kCsInterface, 2, 3, 0x01, 0x02, 0, kClockSource, options.channels, map, 0, 0, 0, 0, 0,
            0, 0})
      .add({kCsInterface, 3, 4, 0x01, 0x01, 0, 3, kClockSource, 0, 0, 0})
      .store_length(control + 6, control);
  for (const int interface : {1, 2}) {
    const bool is_out = interface == kAudioOutInterface;
    const bool has_sync = is_out && has_feedback;
    const int attributes = data_attributes(options, is_out);
    build.add({kInterface, interface, 0, 0, kAudio, kStreaming, kProtocol20, 0})
        .add({kInterface, interface, 1, has_sync ? 2 : 1, kAudio, kStreaming, kProtocol20, 0})
        .add({kCsInterface, 1, is_out ? 1 : 4, 0, 1, 1, 0, 0, 0, options.channels, map, 0, 0, 0, 0})
        .add({kCsInterface, 2, 1, 2, 16})
        .add({kEndpoint, is_out ? kAudioOut.value() : kAudioIn.value(), attributes, low(packet),
              high(packet), 1 + options.interval_exponent})
        .add({kCsEndpoint, 1, 0, 0, 0, 0, 0});
    // bInterval 4: every 8 microframes.
    if (has_sync) build.add({kEndpoint, kAudioFeedback.value(), 0x11, 4, 0, 4});
  }
  return build.finish();
}

Result<void> check_rate(std::uint32_t rate) {
  if (std::find(kRates.begin(), kRates.end(), rate) != kRates.end()) return {};
  return fail(
      ErrorCode::invalid_argument,
      "rate " + std::to_string(rate) + " is not one of 32000, 44100, 48000, 88200, 96000, 192000");
}

Result<void> check(const AudioOptions& options) {
  if (auto checked = check_rate(options.rate); !checked) return checked;
  if (options.other_rate != 0) {
    if (auto checked = check_rate(options.other_rate); !checked) return checked;
  }
  const int most = options.audio_class == AudioClass::uac2 ? kMaxIntervalExponent : 0;
  if (options.interval_exponent < 0 || options.interval_exponent > most) {
    return fail(ErrorCode::invalid_argument,
                "the interval's exponent must be 0 to " + std::to_string(most));
  }
  if (options.channels < kMinChannels || options.channels > kMaxChannels) {
    return fail(ErrorCode::invalid_argument, "channels must be 2 to 32");
  }
  const bool is_high = options.audio_class == AudioClass::uac2;
  const int limit = is_high ? kMaxHighSpeed * kMaxTransactions : kMaxFullSpeed;
  if (interval_bytes(options) > limit) {
    return fail(ErrorCode::invalid_argument,
                std::to_string(options.channels) + " channels at " + std::to_string(options.rate) +
                    " need " + std::to_string(interval_bytes(options)) +
                    " bytes an interval; the bus carries " + std::to_string(limit));
  }
  return {};
}

}  // namespace

std::uint32_t packets_per_second(const AudioOptions& options) {
  if (options.audio_class == AudioClass::uac1) return 1000;
  return 8000u >> static_cast<unsigned>(options.interval_exponent);
}

Result<Description> describe_audio(const AudioOptions& options, const Identity& identity) {
  if (auto checked = check(options); !checked) return tl::unexpected(checked.error());
  const bool is_high = options.audio_class == AudioClass::uac2;
  Description description;
  description.speed = is_high ? Speed::high : Speed::full;
  description.manufacturer = identity.manufacturer;
  description.product = identity.product_name;
  description.serial = identity.serial;
  // With an interface association: USB ECN, class EF/02/01.
  description.device = is_high ? device_descriptor(identity, {0x0200, 0xEF, 2, 1})
                               : device_descriptor(identity, {0x0110, 0, 0, 0});
  description.configuration = is_high ? describe_uac2(options) : describe_uac1(options);
  return description;
}

}  // namespace usbgw::device::software

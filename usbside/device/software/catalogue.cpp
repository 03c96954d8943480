#include "usbside/device/software/catalogue.h"

#include <charconv>

#include "usbside/device/software/audio_function.h"
#include "usbside/device/software/counter_function.h"
#include "usbside/device/software/hid_function.h"
#include "usbside/device/software/midi_function.h"
#include "usbside/device/software/storage_function.h"
#include "usbside/device/software/video_function.h"

namespace usbgw::device::software {
namespace {

using Made = Result<std::unique_ptr<Function>>;

Identity identity_of(const DeviceOptions& options, std::uint16_t product) {
  Identity identity;
  identity.product = product;
  identity.product_name = options.name;
  if (options.vendor) identity.vendor = *options.vendor;
  if (options.product) identity.product = *options.product;
  if (options.serial) identity.serial = *options.serial;
  return identity;
}

Made make_audio(const DeviceOptions& options, std::uint16_t product, AudioClass audio_class,
                Synchronisation synchronisation, bool returns_output = false) {
  AudioOptions audio;
  audio.returns_output = returns_output;
  audio.audio_class = audio_class;
  audio.synchronisation = synchronisation;
  audio.rate = options.rate;
  audio.channels = options.channels;
  audio.crystal_ppm = options.crystal_ppm;
  audio.fault = options.fault;
  audio.settling = options.settling;
  auto description = describe_audio(audio, identity_of(options, product));
  if (!description) return tl::unexpected(description.error());
  return std::make_unique<AudioFunction>(audio, std::move(*description));
}

Made make_uac1(const DeviceOptions& options) {
  return make_audio(options, 0xA101, AudioClass::uac1, Synchronisation::adaptive);
}
Made make_uac1_feedback(const DeviceOptions& options) {
  return make_audio(options, 0xA111, AudioClass::uac1, Synchronisation::explicit_feedback);
}
Made make_uac2(const DeviceOptions& options) {
  return make_audio(options, 0xA102, AudioClass::uac2, Synchronisation::explicit_feedback);
}
// Product id of its own: a driver must not take it for the device that judges.
Made make_loopback(const DeviceOptions& options) {
  return make_audio(options, 0xA122, AudioClass::uac2, Synchronisation::explicit_feedback, true);
}
Made make_uac2_implicit(const DeviceOptions& options) {
  return make_audio(options, 0xA112, AudioClass::uac2, Synchronisation::implicit_feedback);
}
Made make_uac2_adaptive(const DeviceOptions& options) {
  return make_audio(options, 0xA132, AudioClass::uac2, Synchronisation::adaptive);
}

Result<void> check_script(const DeviceOptions& options) {
  if (options.events_per_second > 0 && options.events_per_second <= 1e6) return {};
  return fail(ErrorCode::invalid_argument, "events per second must be above 0 and at most 1000000");
}

Made make_hid(const DeviceOptions& options) {
  if (const auto checked = check_script(options); !checked) return tl::unexpected(checked.error());
  return std::make_unique<HidFunction>(options, identity_of(options, 0xA103));
}
Made make_midi(const DeviceOptions& options) {
  if (const auto checked = check_script(options); !checked) return tl::unexpected(checked.error());
  return std::make_unique<MidiFunction>(options, identity_of(options, 0xA104));
}
Made make_storage(const DeviceOptions& options) {
  if (options.storage_bytes < kBlockBytes || options.storage_bytes % kBlockBytes != 0 ||
      options.storage_bytes >> 48 != 0) {
    return fail(ErrorCode::invalid_argument, "storage size must be a multiple of 512 bytes");
  }
  auto image = DiskImage::open(options.storage_file, options.storage_bytes);
  if (!image) return tl::unexpected(image.error());
  return std::make_unique<StorageFunction>(std::move(*image), identity_of(options, 0xA105));
}
Made make_counter(const DeviceOptions& options) {
  return std::make_unique<CounterFunction>(options, identity_of(options, 0xA106));
}
Made make_video(const DeviceOptions& options) {
  return std::make_unique<VideoFunction>(identity_of(options, 0xA107));
}

struct Entry {
  DeviceName name;
  Made (*make)(const DeviceOptions&);
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> kEntries{
      {{"uac2", "high-speed duplex audio with a feedback endpoint"}, make_uac2},
      {{"loopback", "uac2 that sends back what it is played"}, make_loopback},
      {{"uac2-implicit", "high-speed duplex audio with implicit feedback"}, make_uac2_implicit},
      {{"uac2-adaptive", "high-speed duplex audio, adaptive playback"}, make_uac2_adaptive},
      {{"uac1", "full-speed duplex audio, adaptive playback"}, make_uac1},
      {{"uac1-feedback", "full-speed duplex audio with a feedback endpoint"}, make_uac1_feedback},
      {{"hid", "keyboard and mouse that play a counted script"}, make_hid},
      {{"midi", "MIDI port that sends and judges counted messages"}, make_midi},
      {{"storage", "disk in memory or in a file"}, make_storage},
      {{"counter", "vendor device whose bulk and interrupt bytes count"}, make_counter},
      {{"video", "isochronous source of 24.6 MB/s"}, make_video},
  };
  return kEntries;
}

}  // namespace

const std::vector<DeviceName>& device_names() {
  static const std::vector<DeviceName> kNames = [] {
    std::vector<DeviceName> names;
    for (const Entry& entry : entries()) names.push_back(entry.name);
    return names;
  }();
  return kNames;
}

Result<std::unique_ptr<Function>> make_function(const DeviceOptions& options) {
  std::string known;
  for (const Entry& entry : entries()) {
    if (entry.name.name == options.name) return entry.make(options);
    known += (known.empty() ? "" : ", ") + std::string(entry.name.name);
  }
  return fail(ErrorCode::not_found,
              "no software device '" + options.name + "'; there are: " + known);
}

Result<SampleFault> parse_fault(std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorCode::invalid_argument,
                "fault '" + std::string(text) +
                    "' is not [out:]drop|repeat|alter@SECONDS, as in drop@5 or out:repeat@0.5");
  };
  SampleFault fault;
  std::string_view rest = text;
  if (rest.starts_with("out:")) {
    fault.in = false;
    rest.remove_prefix(4);
  }
  const auto at = rest.find('@');
  if (at == std::string_view::npos) return refuse();
  const auto kind = rest.substr(0, at);
  if (kind == "drop") fault.kind = SampleFault::Kind::drop;
  if (kind == "repeat") fault.kind = SampleFault::Kind::repeat;
  if (kind == "alter") fault.kind = SampleFault::Kind::alter;
  const auto number = rest.substr(at + 1);
  double seconds = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  const bool is_whole = error == std::errc{} && end == number.data() + number.size();
  if (fault.kind == SampleFault::Kind::none || !is_whole || !(seconds >= 0 && seconds < 1e6)) {
    return refuse();
  }
  fault.at = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return fault;
}

}  // namespace usbgw::device::software

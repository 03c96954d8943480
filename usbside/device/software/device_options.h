// Everything that may be chosen of a software device, whichever it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "usbside/device/software/audio_options.h"

namespace usbgw::device::software {

struct DeviceOptions {
  std::string name;  // one of device_names()

  double bus_ppm = 0;      // cadence of the bus against the clock of the machine
  double crystal_ppm = 0;  // audio: samples per interval against the bus

  std::uint32_t rate = 48000;  // audio
  int channels = 2;            // audio
  SampleFault fault;           // audio
  Duration settling{};         // audio: round trips this long after the first one are not counted

  std::uint64_t storage_bytes = std::uint64_t{64} << 20;  // storage: multiple of 512
  std::string storage_file;                               // storage: read and written in place
  std::uint64_t bytes_per_second = 0;  // counter: pace of IN data; 0: as fast as it is asked for
  double events_per_second = 100;      // hid, midi: pace of the script
  std::uint64_t events = 0;            // hid, midi: length of the script; 0: no end
  Duration script_delay = std::chrono::seconds(2);  // hid, midi: from the first poll on

  std::optional<std::uint16_t> vendor;
  std::optional<std::uint16_t> product;
  std::optional<std::string> serial;
};

}  // namespace usbgw::device::software

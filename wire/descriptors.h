// USB descriptors as far as usbgw needs them: what endpoints a device has, how they are scheduled,
// and what their isochronous data means. The input is a stranger's: every length is checked, and
// memory grows only with bytes that are really there.
//
// Sources: USB 2.0, 9.6; USB 3.2, 9.6.7 (SuperSpeed companion); Audio 1.0 (A.9, Data Formats 2.2);
// Audio 2.0 (4.9, 4.10); MIDI 1.0, 6.1; UVC 1.5, A.1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/timeline.h"
#include "common/usb.h"
#include "wire/wire_error.h"
#include "wire/wire_limits.h"

namespace usbgw::wire {

inline constexpr std::size_t kMaxConfigurationBytes = 65535;  // wTotalLength is 16 bits
inline constexpr std::size_t kMaxAlternates = 512;            // real devices stay below 100
inline constexpr std::size_t kMaxEndpointsPerAlternate = 30;  // 15 numbers, two directions
inline constexpr std::size_t kMaxSampleRates = 32;

struct DeviceDescriptor {
  std::uint16_t usb_version = 0;  // BCD
  std::uint8_t device_class = 0;
  std::uint8_t device_subclass = 0;
  std::uint8_t device_protocol = 0;
  std::uint8_t max_packet_0 = 0;
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::uint16_t version = 0;  // BCD
  std::uint8_t configurations = 0;
};

enum class Synchronization : std::uint8_t { none, asynchronous, adaptive, synchronous };
enum class EndpointUsage : std::uint8_t { data, feedback, implicit_feedback, reserved };

struct Endpoint {
  EndpointAddress address;
  TransferType type = TransferType::control;
  Synchronization synchronization = Synchronization::none;  // isochronous only
  // Isochronous only. `feedback` also where an Audio 1.0 device leaves the bits zero but the
  // endpoint is by its place the synch endpoint of its alternate setting.
  EndpointUsage usage = EndpointUsage::data;
  std::uint8_t raw_interval = 0;     // bInterval as on the bus
  std::uint8_t refresh = 0;          // bRefresh of 9-byte audio endpoints
  EndpointAddress synch_address;     // bSynchAddress of 9-byte audio endpoints
  std::uint16_t max_packet = 0;      // bytes of one transaction
  std::uint32_t interval_bytes = 0;  // most bytes in one service interval
};

// What an AudioStreaming alternate setting carries.
struct AudioFormat {
  bool is_pcm = false;    // Type I linear samples: a missing interval may be concealed
  bool is_float = false;  // IEEE 754, of 4 or 8 bytes
  std::byte silence{0};   // each byte of silence (0x80 in 8-bit unsigned PCM)
  std::uint8_t uac = 1;   // 1 or 2
  std::uint8_t channels = 0;
  std::uint8_t subslot_bytes = 0;
  std::uint8_t bit_resolution = 0;
  // Audio 1.0 states them; in Audio 2.0 the clock entity knows. Discrete, or two: lowest, highest.
  std::vector<std::uint32_t> sample_rates;
  bool rates_are_range = false;
  [[nodiscard]] std::uint32_t frame_bytes() const {
    return std::uint32_t{channels} * subslot_bytes;
  }
};

struct AlternateSetting {
  std::uint8_t interface = 0;
  std::uint8_t alternate = 0;
  std::uint8_t interface_class = 0;
  std::uint8_t interface_subclass = 0;
  std::uint8_t interface_protocol = 0;
  std::vector<Endpoint> endpoints;
  std::optional<AudioFormat> audio;
  [[nodiscard]] bool is_audio_streaming() const {
    return interface_class == 1 && interface_subclass == 2;
  }
  [[nodiscard]] bool is_midi_streaming() const {
    return interface_class == 1 && interface_subclass == 3;
  }
  [[nodiscard]] bool is_video_streaming() const {
    return interface_class == 0x0E && interface_subclass == 2;
  }
};

struct Configuration {
  std::uint8_t value = 0;
  std::uint8_t attributes = 0;
  std::uint8_t interfaces = 0;               // bNumInterfaces: what the device claims
  std::vector<AlternateSetting> alternates;  // in the order of the descriptors

  [[nodiscard]] const AlternateSetting* find(std::uint8_t interface, std::uint8_t alternate) const;
};

[[nodiscard]] WireResult<DeviceDescriptor> parse_device_descriptor(
    std::span<const std::byte> bytes);

// `bytes`: a whole configuration, wTotalLength long or longer (the rest is ignored). Refuses a
// descriptor that overruns, an endpoint without an interface, more than the limits above. Unknown
// and class descriptors that are too short to mean anything are passed over, as kernels do.
// `speed` decides the meaning of wMaxPacketSize.
[[nodiscard]] WireResult<Configuration> parse_configuration(std::span<const std::byte> bytes,
                                                            Speed speed);

// The service interval of a periodic endpoint (USB 2.0, 9.6.6); one frame or microframe for others.
[[nodiscard]] Duration service_interval(const Endpoint& endpoint, Speed speed);

}  // namespace usbgw::wire

// Which endpoints the device has now: its descriptors seen through the configuration and the
// alternate settings that the host's driver has selected. vhci names only an endpoint address; what
// kind of transfer a URB is follows from here.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/timeline.h"
#include "usbside/host/host_attachment.h"
#include "wire/descriptors.h"

namespace usbgw::host {

// What a missing isochronous interval may be replaced with.
enum class StreamContent : std::uint8_t {
  pcm,       // known linear samples: true length, faded repetition
  audio,     // audio of another kind: true length, zeros
  feedback,  // newest value wins
  other,     // video and anything unknown: length 0, -EXDEV
};

struct EndpointInfo {
  EndpointAddress address;
  TransferType type = TransferType::control;
  StreamContent content = StreamContent::other;
  bool is_polled = false;  // the agent polls it: interrupt IN, MIDI bulk IN
  std::uint8_t interface = 0;
  std::uint32_t interval_bytes = 0;
  Duration interval{};
  const wire::AudioFormat* audio = nullptr;  // pcm only; lives as long as the map
  std::uint32_t sample_rate = 0;             // pcm only; 0: not known
};

class EndpointMap {
 public:
  explicit EndpointMap(const RemoteDevice& device);

  // Alternate setting 0 of every interface, as USB defines it. An unknown value: no endpoints.
  void set_configuration(std::uint8_t value);
  void set_interface(std::uint8_t interface, std::uint8_t alternate);

  // What the driver has told an Audio 1.0 endpoint, or the clock of an Audio 2.0 device (the last
  // one told: devices with several clocks at different rates are rare, and it only decides how
  // long silence before the first data is).
  void set_endpoint_rate(EndpointAddress endpoint, std::uint32_t hertz);
  void set_clock_rate(std::uint32_t hertz);

  // Null for what is not there now; endpoint 0 is never here.
  [[nodiscard]] const EndpointInfo* find(EndpointAddress address) const;
  [[nodiscard]] const std::vector<EndpointInfo>& endpoints() const { return endpoints_; }

 private:
  void add(const wire::AlternateSetting& setting);
  [[nodiscard]] std::uint32_t rate_of(const EndpointInfo& info) const;
  [[nodiscard]] EndpointInfo describe(const wire::AlternateSetting& setting,
                                      const wire::Endpoint& endpoint) const;

  Speed speed_;
  std::vector<wire::Configuration> configurations_;
  const wire::Configuration* active_ = nullptr;
  std::array<std::uint32_t, 32> endpoint_rates_{};  // by endpoint number, + 16 for IN
  std::uint32_t clock_rate_ = 0;
  std::vector<EndpointInfo> endpoints_;  // current ones; at most 30
};

}  // namespace usbgw::host

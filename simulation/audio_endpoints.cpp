#include "simulation/audio_endpoints.h"

#include <algorithm>

namespace usbgw::simulation {
namespace {

constexpr std::uint8_t kAudio20 = 0x20;  // bInterfaceProtocol

bool is_data(const wire::Endpoint& endpoint, Direction direction) {
  return endpoint.type == TransferType::isochronous &&
         endpoint.usage != wire::EndpointUsage::feedback &&
         endpoint.address.direction() == direction;
}

// The endpoint that says how much to play; not for devices that follow the host.
std::optional<wire::Endpoint> feedback_of(const wire::AlternateSetting& setting,
                                          const wire::Endpoint& data) {
  if (data.synchronization == wire::Synchronization::adaptive ||
      data.synchronization == wire::Synchronization::synchronous) {
    return std::nullopt;
  }
  for (const auto& endpoint : setting.endpoints) {
    if (endpoint.type == TransferType::isochronous && endpoint.address.is_in() &&
        endpoint.usage == wire::EndpointUsage::feedback) {
      return endpoint;
    }
  }
  return std::nullopt;
}

std::optional<AudioEndpoints> make(const wire::AlternateSetting& setting, Direction direction) {
  if (!setting.is_audio_streaming() || !setting.audio || !setting.audio->is_pcm)
    return std::nullopt;
  const auto data = std::find_if(setting.endpoints.begin(), setting.endpoints.end(),
                                 [&](const auto& e) { return is_data(e, direction); });
  if (data == setting.endpoints.end()) return std::nullopt;
  AudioEndpoints found;
  found.interface = setting.interface;
  found.alternate = setting.alternate;
  found.data.endpoint = *data;
  found.data.frame_bytes = setting.audio->frame_bytes();
  return found;
}

}  // namespace

std::optional<AudioEndpoints> find_implicit_source(const wire::Configuration& configuration,
                                                   const AudioEndpoints& playback) {
  const auto* setting = configuration.find(playback.interface, playback.alternate);
  if (setting == nullptr || setting->interface_protocol != kAudio20 ||
      setting->endpoints.size() != 1 ||
      playback.data.endpoint.synchronization != wire::Synchronization::asynchronous) {
    return std::nullopt;
  }
  const auto next = static_cast<std::uint8_t>(playback.interface + 1);
  const auto* source = configuration.find(next, playback.alternate);
  if (source == nullptr || source->interface_protocol != kAudio20 || source->endpoints.empty() ||
      source->endpoints.front().usage != wire::EndpointUsage::implicit_feedback) {
    return std::nullopt;
  }
  return make(*source, Direction::in);
}

std::optional<AudioEndpoints> find_audio(const wire::Configuration& configuration,
                                         Direction direction) {
  for (const auto& setting : configuration.alternates) {
    auto found = make(setting, direction);
    if (!found) continue;
    if (direction == Direction::in) return found;
    found->data.sync = feedback_of(setting, found->data.endpoint);
    if (found->data.sync) {
      found->data.source = SyncSource::feedback;
    } else if (find_implicit_source(configuration, *found)) {
      found->data.source = SyncSource::implicit;
    }
    return found;
  }
  return std::nullopt;
}

}  // namespace usbgw::simulation

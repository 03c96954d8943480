#include "usbside/host/endpoint_map.h"

#include <algorithm>

namespace usbgw::host {
namespace {

StreamContent content_of(const wire::AlternateSetting& setting, const wire::Endpoint& endpoint) {
  if (endpoint.usage == wire::EndpointUsage::feedback) return StreamContent::feedback;
  if (!setting.is_audio_streaming()) return StreamContent::other;
  const bool is_pcm = setting.audio && setting.audio->is_pcm && setting.audio->frame_bytes() > 0;
  return is_pcm ? StreamContent::pcm : StreamContent::audio;
}

bool is_polled(const wire::AlternateSetting& setting, const wire::Endpoint& endpoint) {
  if (!endpoint.address.is_in()) return false;
  return endpoint.type == TransferType::interrupt ||
         (endpoint.type == TransferType::bulk && setting.is_midi_streaming());
}

std::size_t position(EndpointAddress endpoint) {
  return endpoint.number() + (endpoint.is_in() ? 16u : 0u);
}

}  // namespace

EndpointMap::EndpointMap(const RemoteDevice& device) : speed_(device.speed) {
  for (const auto& bytes : device.configuration_descriptors) {
    if (auto parsed = wire::parse_configuration(bytes, speed_)) {
      configurations_.push_back(std::move(*parsed));
    }
  }
  endpoints_.reserve(wire::kMaxEndpointsPerAlternate);
  set_configuration(device.active_configuration);
}

void EndpointMap::set_configuration(std::uint8_t value) {
  endpoints_.clear();
  active_ = nullptr;
  for (const auto& configuration : configurations_) {
    if (configuration.value == value) active_ = &configuration;
  }
  if (active_ == nullptr) return;
  for (const auto& setting : active_->alternates) {
    if (setting.alternate == 0) add(setting);
  }
}

void EndpointMap::set_interface(std::uint8_t interface, std::uint8_t alternate) {
  endpoints_.erase(
      std::remove_if(endpoints_.begin(), endpoints_.end(),
                     [&](const EndpointInfo& info) { return info.interface == interface; }),
      endpoints_.end());
  if (active_ == nullptr) return;
  if (const auto* setting = active_->find(interface, alternate)) add(*setting);
}

const EndpointInfo* EndpointMap::find(EndpointAddress address) const {
  for (const EndpointInfo& info : endpoints_) {
    if (info.address == address) return &info;
  }
  return nullptr;
}

void EndpointMap::add(const wire::AlternateSetting& setting) {
  for (const auto& endpoint : setting.endpoints) {
    if (endpoint.address.number() == 0 || find(endpoint.address) != nullptr) continue;
    endpoints_.push_back(describe(setting, endpoint));
  }
}

EndpointInfo EndpointMap::describe(const wire::AlternateSetting& setting,
                                   const wire::Endpoint& endpoint) const {
  EndpointInfo info;
  info.address = endpoint.address;
  info.type = endpoint.type;
  info.content = content_of(setting, endpoint);
  info.is_polled = is_polled(setting, endpoint);
  info.interface = setting.interface;
  info.interval_bytes = endpoint.interval_bytes;
  info.interval = wire::service_interval(endpoint, speed_);
  if (info.content == StreamContent::pcm) info.audio = &*setting.audio;
  info.sample_rate = rate_of(info);
  return info;
}

std::uint32_t EndpointMap::rate_of(const EndpointInfo& info) const {
  if (info.audio == nullptr) return 0;
  if (info.audio->uac == 2) return clock_rate_;
  const auto& stated = info.audio->sample_rates;
  if (!info.audio->rates_are_range && stated.size() == 1) return stated[0];
  return endpoint_rates_[position(info.address)];
}

void EndpointMap::set_endpoint_rate(EndpointAddress endpoint, std::uint32_t hertz) {
  endpoint_rates_[position(endpoint)] = hertz;
  for (EndpointInfo& info : endpoints_) info.sample_rate = rate_of(info);
}

void EndpointMap::set_clock_rate(std::uint32_t hertz) {
  clock_rate_ = hertz;
  for (EndpointInfo& info : endpoints_) info.sample_rate = rate_of(info);
}

}  // namespace usbgw::host

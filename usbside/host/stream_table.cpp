#include "usbside/host/stream_table.h"

#include <algorithm>

#include "usbside/host/iso_in_playout.h"
#include "usbside/host/iso_out_pacer.h"
#include "usbside/host/polled_stream.h"

namespace usbgw::host {

EndpointStream& StreamTable::obtain(const EndpointInfo& info, const Urb& urb) {
  if (EndpointStream* const live = find(info.address)) return *live;
  const std::size_t at = position(info.address);
  const StreamEpoch before = streams_[at] ? streams_[at]->epoch() : StreamEpoch{};
  streams_[at] = make(info, urb, before);
  live_ |= bit(at);
  return *streams_[at];
}

std::unique_ptr<EndpointStream> StreamTable::make(const EndpointInfo& info, const Urb& urb,
                                                  StreamEpoch before) const {
  if (info.is_polled) {
    return std::make_unique<PolledStream>(context_, info, before, urb.submit.length);
  }
  if (info.address.is_in()) {
    return std::make_unique<IsoInPlayout>(context_, info, before, urb.packets.size());
  }
  return std::make_unique<IsoOutPacer>(context_, info, before);
}

EndpointStream* StreamTable::find(EndpointAddress endpoint) {
  const std::size_t at = position(endpoint);
  return (live_ & bit(at)) != 0 ? streams_[at].get() : nullptr;
}

void StreamTable::retire_interface(std::uint8_t interface, UrbStatus status) {
  visit_live([&](EndpointStream& stream) {
    if (stream.info().interface != interface) return;
    stream.close();
    stream.fail_all(status);
    retire(stream);
  });
}

void StreamTable::retire_all(UrbStatus status) {
  while (live_ != 0) {
    const auto first = static_cast<std::size_t>(std::countr_zero(live_));
    retire_interface(streams_[first]->info().interface, status);
  }
}

void StreamTable::abandon_all(UrbStatus status) {
  visit_live([&](EndpointStream& stream) {
    stream.fail_all(status);
    retire(stream);
  });
}

std::size_t StreamTable::turn(Instant now) {
  std::size_t work = 0;
  visit_live([&](EndpointStream& stream) { work += stream.turn(now); });
  return work;
}

Instant StreamTable::next_deadline() const {
  Instant next = kNever;
  visit_live([&](const EndpointStream& s) { next = std::min(next, s.next_deadline()); });
  return next;
}

void StreamTable::path_changed(Instant now) {
  visit_live([&](EndpointStream& stream) { stream.path_changed(now); });
}

bool StreamTable::has_live() const {
  bool has = false;
  visit_live([&](const EndpointStream& s) { has = has || s.is_open() || s.has_urbs(); });
  return has;
}

std::optional<Instant> StreamTable::capture_begin(Instant now) const {
  std::optional<Instant> last;
  visit_live([&](const EndpointStream& s) { last = std::max(last, s.capture_begin(now)); });
  return last;
}

void StreamTable::add_status(AttachmentStatus& status) const {
  for (const auto& stream : streams_) {
    if (stream) stream->add_status(status);
  }
}

}  // namespace usbgw::host

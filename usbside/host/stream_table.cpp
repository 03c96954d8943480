#include "usbside/host/stream_table.h"

#include <algorithm>

#include "usbside/host/iso_in_playout.h"
#include "usbside/host/iso_out_pacer.h"
#include "usbside/host/polled_stream.h"

namespace usbgw::host {

EndpointStream& StreamTable::obtain(const EndpointInfo& info, const Urb& urb) {
  Entry& entry = entries_[position(info.address)];
  if (!entry.is_live) {
    const StreamEpoch before = entry.stream ? entry.stream->epoch() : StreamEpoch{};
    entry.stream = make(info, urb, before);
    entry.is_live = true;
  }
  return *entry.stream;
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
  Entry& entry = entries_[position(endpoint)];
  return entry.is_live ? entry.stream.get() : nullptr;
}

void StreamTable::retire_interface(std::uint8_t interface, UrbStatus status) {
  for (Entry& entry : entries_) {
    if (!entry.is_live || entry.stream->info().interface != interface) continue;
    entry.stream->close();
    entry.stream->fail_all(status);
    entry.is_live = false;
  }
}

void StreamTable::retire_all(UrbStatus status) {
  for (Entry& entry : entries_) {
    if (entry.is_live) retire_interface(entry.stream->info().interface, status);
  }
}

void StreamTable::abandon_all(UrbStatus status) {
  for (Entry& entry : entries_) {
    if (entry.is_live) entry.stream->fail_all(status);
    entry.is_live = false;
  }
}

std::size_t StreamTable::turn(Instant now) {
  std::size_t work = 0;
  for (Entry& entry : entries_) {
    if (entry.is_live) work += entry.stream->turn(now);
  }
  return work;
}

Instant StreamTable::next_deadline() const {
  Instant next = kNever;
  for (const Entry& entry : entries_) {
    if (entry.is_live) next = std::min(next, entry.stream->next_deadline());
  }
  return next;
}

void StreamTable::path_changed(Instant now) {
  for (Entry& entry : entries_) {
    if (entry.is_live) entry.stream->path_changed(now);
  }
}

bool StreamTable::has_live() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.is_live && (entry.stream->is_open() || entry.stream->has_urbs());
  });
}

std::optional<Instant> StreamTable::capture_begin(Instant now) const {
  std::optional<Instant> last;
  for (const Entry& entry : entries_) {
    if (entry.is_live) last = std::max(last, entry.stream->capture_begin(now));
  }
  return last;
}

void StreamTable::add_status(AttachmentStatus& status) const {
  for (const Entry& entry : entries_) {
    if (entry.stream) entry.stream->add_status(status);
  }
}

}  // namespace usbgw::host

#include "usbside/device/software/software_bus.h"

#include <algorithm>
#include <limits>

#include "common/assertion.h"

namespace usbgw::device::software {
namespace {

// Deeper queues than any driver's, so that a running stream allocates nothing.
constexpr std::size_t kQueueReserve = 64;

constexpr std::int64_t kNoInterval = std::numeric_limits<std::int64_t>::max();

constexpr std::uint8_t kClearFeature = 1;
constexpr std::uint8_t kSetFeature = 3;
constexpr std::uint8_t kGetDescriptor = 6;
constexpr std::uint8_t kSetConfiguration = 9;
constexpr std::uint8_t kSetInterface = 11;
constexpr std::uint16_t kEndpointHalt = 0;

enum Recipient : std::uint8_t { kDevice = 0, kInterface = 1, kEndpoint = 2 };

bool is_standard(const SetupPacket& setup) {
  return (setup.request_type & 0x60) == 0;
}
std::uint8_t recipient(const SetupPacket& setup) {
  return setup.request_type & 0x1F;
}

std::size_t slot(EndpointAddress address) {
  return address.number() + (address.is_in() ? 16u : 0u);
}

std::int64_t interval_of_packet(const BusUrb& urb, std::size_t packet) {
  return urb.first_interval + static_cast<std::int64_t>(packet) * urb.period;
}

}  // namespace

SoftwareBus::SoftwareBus(Function& function, const BusConfig& config)
    : function_(function),
      clock_(function.description().speed, config.bus_ppm, config.start),
      state_(function.description()),
      endpoints_(
          read_endpoints(function.description().configuration, function.description().speed)),
      now_(config.start),
      bulk_free_(config.start) {
  std::uint32_t largest = 64;
  for (const auto& info : endpoints_) largest = std::max(largest, info.packet_bytes);
  scratch_.resize(largest);
  for (Endpoint& each : table_) each.queue.reserve(kQueueReserve);
  completed_.reserve(kQueueReserve);
}

SoftwareBus::Endpoint& SoftwareBus::endpoint(EndpointAddress address) {
  return table_[slot(address)];
}

void SoftwareBus::complete(BusUrb& urb, UrbStatus status, Instant when) {
  urb.status = status;
  urb.completed = when;
  if (status == UrbStatus::stall) ++counters_.stalls;
  completed_.push_back(&urb);
}

BusUrb* SoftwareBus::next_completed() {
  if (completed_.empty()) return nullptr;
  BusUrb* urb = completed_.front();
  completed_.erase(completed_.begin());
  return urb;
}

void SoftwareBus::submit(BusUrb& urb, Instant now) {
  ++counters_.urbs;
  urb.status = UrbStatus::ok;
  urb.actual = 0;
  urb.next_packet = 0;
  if (urb.endpoint.number() == 0) return run_control(urb, now);
  Endpoint& target = endpoint(urb.endpoint);
  if (target.info == nullptr) return complete(urb, UrbStatus::not_found, now);
  if (target.info->type == TransferType::isochronous) return submit_isochronous(target, urb, now);
  if (target.is_halted) return complete(urb, UrbStatus::stall, now);
  if (target.queue.empty() && target.info->type == TransferType::interrupt) {
    target.next_service =
        align_up(std::max(target.next_service, clock_.first_from(now)), target.info->period);
  }
  target.queue.push_back(&urb);
}

bool SoftwareBus::unlink(const BusUrb& urb) {
  Endpoint& target = endpoint(urb.endpoint);
  const auto found = std::find(target.queue.begin(), target.queue.end(), &urb);
  if (found == target.queue.end()) return false;
  target.queue.erase(found);
  isochronous_due_ = {};
  if (target.queue.empty()) stop_stream(target);
  ++counters_.unlinked;
  return true;
}

void SoftwareBus::advance(Instant now) {
  USBGW_ASSERT(now >= now_);
  now_ = now;
  serve_isochronous(now);
  serve_interrupt(now);
  serve_bulk(now);
}

Instant SoftwareBus::next_deadline() const {
  Instant deadline = completed_.empty() ? kNever : now_;
  for (const Endpoint* const each : isochronous_) {
    if (each->queue.empty()) continue;
    const BusUrb& front = *each->queue.front();
    const auto last = front.packets.empty() ? 0 : front.packets.size() - 1;
    deadline = std::min(deadline, clock_.end(interval_of_packet(front, last)));
  }
  for (const Endpoint* const each : interrupt_)
    if (!each->queue.empty()) deadline = std::min(deadline, interrupt_deadline(*each));
  return has_bulk_ ? std::min(deadline, bulk_deadline()) : deadline;
}

// --- configuration ---

void SoftwareBus::stop_stream(Endpoint& target) {
  if (!target.is_running) return;
  target.is_running = false;
  isochronous_due_ = {};
  function_.iso_stop(target.info->address);
}

void SoftwareBus::select_endpoints() {
  std::array<const EndpointInfo*, 32> selected{};
  for (const auto& info : endpoints_) {
    const bool is_selected =
        state_.configuration() != 0 && state_.alternate(info.interface) == info.alternate;
    if (is_selected) selected[slot(info.address)] = &info;
  }
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (table_[i].info == selected[i]) continue;
    stop_stream(table_[i]);
    table_[i].info = selected[i];
    table_[i].is_halted = false;
    for (BusUrb* urb : table_[i].queue) complete(*urb, UrbStatus::shutdown, now_);
    table_[i].queue.clear();
  }
  list_endpoints();
}

void SoftwareBus::list_endpoints() {
  isochronous_.clear();
  interrupt_.clear();
  has_bulk_ = false;
  for (Endpoint& each : table_) {
    if (each.info == nullptr) continue;
    if (each.info->type == TransferType::isochronous) isochronous_.push_back(&each);
    if (each.info->type == TransferType::interrupt) interrupt_.push_back(&each);
    has_bulk_ = has_bulk_ || each.info->type == TransferType::bulk;
  }
  isochronous_due_ = {};
}

UrbStatus SoftwareBus::set_configuration(std::uint8_t value, Instant now) {
  if (!state_.select_configuration(value)) return UrbStatus::stall;
  select_endpoints();
  const auto interfaces = count_interfaces(function_.description().configuration);
  for (std::size_t i = 0; i < interfaces; ++i) {
    function_.set_interface(static_cast<std::uint8_t>(i), 0, now);
  }
  return UrbStatus::ok;
}

UrbStatus SoftwareBus::set_interface(std::uint8_t interface, std::uint8_t alternate, Instant now) {
  if (!state_.select_interface(interface, alternate)) return UrbStatus::stall;
  for (Endpoint& each : table_) {
    if (each.info == nullptr || each.info->interface != interface) continue;
    stop_stream(each);
    each.is_halted = false;
  }
  select_endpoints();
  function_.set_interface(interface, alternate, now);
  return UrbStatus::ok;
}

void SoftwareBus::clear_halt(EndpointAddress address) {
  endpoint(address).is_halted = false;
  function_.clear_halt(address);
}

void SoftwareBus::reset(Instant now) {
  for (Endpoint& each : table_) {
    stop_stream(each);
    each.is_halted = false;
  }
  static_cast<void>(set_configuration(state_.configuration(), now));
}

// --- control ---

void SoftwareBus::run_control(BusUrb& urb, Instant now) {
  const SetupPacket& setup = urb.setup;
  const auto data = urb.data.first(std::min<std::size_t>(urb.data.size(), setup.length));
  const auto about = EndpointAddress(static_cast<std::uint8_t>(setup.index & 0xFF));
  const auto value = static_cast<std::uint8_t>(setup.value & 0xFF);
  const bool is_about_endpoint = recipient(setup) == kEndpoint;
  UrbStatus status = UrbStatus::ok;
  Handshake answer = Handshake::ack(setup.is_in() ? 0 : data.size());
  if (!is_standard(setup) || (recipient(setup) == kInterface && setup.request == kGetDescriptor)) {
    answer = function_.control(setup, data, now);
    if (!setup.is_in()) answer.bytes = data.size();
  } else if (setup.is_in()) {
    answer = state_.read(setup, data, is_about_endpoint && endpoint(about).is_halted);
  } else if (setup.request == kSetConfiguration) {
    status = set_configuration(value, now);
  } else if (setup.request == kSetInterface) {
    status = set_interface(static_cast<std::uint8_t>(setup.index & 0xFF), value, now);
  } else if (is_about_endpoint && setup.value == kEndpointHalt && setup.request == kClearFeature) {
    clear_halt(about);
  } else if (is_about_endpoint && setup.value == kEndpointHalt && setup.request == kSetFeature) {
    endpoint(about).is_halted = true;
  }
  if (answer.kind != Handshake::Kind::ack) status = UrbStatus::stall;
  urb.actual = status == UrbStatus::ok ? answer.bytes : 0;
  const bool is_short = setup.is_in() && urb.actual < data.size();
  if (status == UrbStatus::ok && is_short && urb.short_not_ok) status = UrbStatus::remote_io;
  complete(urb, status, now);
}

// --- isochronous ---

void SoftwareBus::submit_isochronous(Endpoint& target, BusUrb& urb, Instant now) {
  if (urb.packets.empty()) return complete(urb, UrbStatus::ok, now);
  if (urb.period == 0) urb.period = target.info->period;
  target.period = urb.period;
  std::int64_t first = clock_.first_from(now);
  if (target.is_running || !target.queue.empty()) first = std::max(first, target.next_free);
  urb.first_interval = align_up(first, urb.period);
  target.next_free = interval_of_packet(urb, urb.packets.size());
  target.queue.push_back(&urb);
  isochronous_due_ = {};
}

std::int64_t SoftwareBus::next_interval(const Endpoint& target) const {
  if (target.is_running) return target.next_service;
  if (target.queue.empty()) return kNoInterval;
  return target.queue.front()->first_interval;
}

void SoftwareBus::serve_interval(Endpoint& target, std::int64_t interval) {
  const ServiceInterval when{interval, clock_.begin(interval)};
  const EndpointAddress address = target.info->address;
  target.next_service = interval + target.period;
  BusUrb* urb = target.queue.empty() ? nullptr : target.queue.front();
  if (urb == nullptr || interval_of_packet(*urb, urb->next_packet) > interval) {
    return function_.iso_starved(address, when);
  }
  if (!target.is_running) {
    target.is_running = true;
    function_.iso_start(address, when);
  }
  BusPacket& packet = urb->packets[urb->next_packet++];
  const auto data = urb->data.subspan(packet.offset, packet.length);
  packet.status = UrbStatus::ok;
  if (address.is_in()) {
    packet.actual = static_cast<std::uint32_t>(function_.iso_in(address, data, when));
  } else {
    function_.iso_out(address, data, when);
    packet.actual = packet.length;
  }
  if (urb->next_packet < urb->packets.size()) return;
  target.queue.erase(target.queue.begin());
  complete(*urb, UrbStatus::ok, clock_.end(interval));
}

void SoftwareBus::serve_isochronous(Instant now) {
  while (isochronous_due_ <= now) {
    Endpoint* next = nullptr;
    std::int64_t interval = kNoInterval;
    for (Endpoint* const each : isochronous_) {
      const std::int64_t wanted = next_interval(*each);
      if (wanted < interval) {
        interval = wanted;
        next = each;
      }
    }
    isochronous_due_ = next == nullptr ? kNever : clock_.end(interval);
    if (isochronous_due_ <= now) serve_interval(*next, interval);
  }
}

}  // namespace usbgw::device::software

#include "node/packet_loop.h"

#include <algorithm>
#include <array>
#include <utility>

namespace usbgw::node {
namespace {

constexpr Duration kPathPeriod = std::chrono::milliseconds(5);
constexpr Duration kReportPeriod = std::chrono::milliseconds(200);

}  // namespace

PacketLoop::PacketLoop(const session::PathPorts& ports, PacketWakers wakers, const Clock* clock)
    : ports_(ports), wakers_(wakers), clock_(clock) {
  entries_.reserve(kMaxSessions);
}

bool PacketLoop::post(PacketCommand&& command) {
  const PacketCommand::Kind kind = command.kind;
  if (kind == PacketCommand::Kind::add && sessions_ == kMaxSessions) return false;
  if (!commands_.push(std::move(command))) return false;
  if (kind == PacketCommand::Kind::add) ++sessions_;
  if (kind == PacketCommand::Kind::remove) --sessions_;
  wakers_.self.wake();
  return true;
}

std::size_t PacketLoop::turn(Instant now) {
  std::size_t work = run_commands();
  work += receive(now, PathId::first);
  if (port_count() == 2) work += receive(now, PathId::second);
  work += transmit(now);
  if (work > 0) ++counters_.turns_with_work;
  return work;
}

std::size_t PacketLoop::run_commands() {
  std::size_t work = 0;
  PacketCommand command;
  while (commands_.pop(command)) {
    ++work;
    switch (command.kind) {
      case PacketCommand::Kind::add:
        USBGW_ASSERT(entries_.size() < kMaxSessions);  // post() counts
        entries_.push_back({command.handle, std::move(command.links), std::move(command.session)});
        break;
      case PacketCommand::Kind::remove:
        remove(command.handle);
        break;
      case PacketCommand::Kind::read_port:
        report_ports();
        break;
      case PacketCommand::Kind::rotate_receive:
      case PacketCommand::Kind::rotate_transmit:
        rotate(std::move(command));
        break;
      case PacketCommand::Kind::repair_window:
        give_repair_window(std::move(command));
        break;
    }
  }
  return work;
}

// What is past goes home to be destroyed, unless nobody takes events there.
void PacketLoop::rotate(PacketCommand&& command) {
  Entry* const entry = find(command.handle);
  if (entry == nullptr) return;
  PacketEvent event;
  event.kind = PacketEvent::Kind::rotated;
  event.handle = command.handle;
  if (command.kind == PacketCommand::Kind::rotate_receive)
    event.receive_epoch = entry->session->rotate_receive(std::move(command.receive_epoch));
  else
    event.transmit_epoch = entry->session->rotate_transmit(std::move(command.transmit_epoch));
  if (events_.size() > events_.capacity() / 2) return;  // room stays for removals
  if (events_.push(std::move(event))) wakers_.control.wake();
}

void PacketLoop::remove(SessionHandle handle) {
  Entry* const entry = find(handle);
  if (entry == nullptr) return;
  PacketEvent event;
  event.kind = PacketEvent::Kind::removed;
  event.handle = handle;
  event.session = std::move(entry->session);
  event.links = std::move(entry->links);
  entries_.erase(entries_.begin() + (entry - entries_.data()));
  const bool posted = events_.push(std::move(event));
  USBGW_ASSERT(posted);  // reports leave room: see publish_path()
  wakers_.control.wake();
}

void PacketLoop::report_ports() {
  if (events_.size() > events_.capacity() / 2) return;  // room stays for removals
  for_each_port([&](session::DatagramPort& port) {
    PacketEvent event;
    event.kind = PacketEvent::Kind::port;
    event.port_counter_count = port.counters(event.port_counters);
    if (events_.push(std::move(event))) wakers_.control.wake();
  });
}

PacketLoop::Entry* PacketLoop::find(session::SessionIndex index) {
  for (Entry& entry : entries_) {
    if (entry.session->receives(index)) return &entry;
  }
  return nullptr;
}

PacketLoop::Entry* PacketLoop::find(SessionHandle handle) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.handle == handle; });
  return entry == entries_.end() ? nullptr : &*entry;
}

std::size_t PacketLoop::receive(Instant& now, PathId path) {
  session::DatagramPort& port = *ports_.ports[index_of(path)];
  std::optional<Instant>& drained = drained_[index_of(path)];
  const Instant asked = now;
  const std::size_t count = port.receive(burst_, now);
  if (count > 0 && clock_ != nullptr) now = clock_->now();
  for (const session::ReceivedDatagram& datagram : std::span(burst_).first(count)) {
    const auto index = session::peek_session_index(datagram.payload);
    Entry* entry = index ? find(*index) : nullptr;
    // The peer may use a new key before this turn has seen the command that brings it.
    if (index && entry == nullptr && run_commands() > 0) entry = find(*index);
    if (entry == nullptr) {
      ++counters_.unknown_session;
      continue;
    }
    // A stream opened by a command is open before the datagram that it was opened for.
    run_stream_commands(*entry);
    entry->session->receive(datagram.payload, datagram.from, now, drained.value_or(now), path);
  }
  if (count == 0) drained = asked;
  port.release();
  if (count > 0) wakers_.usb.wake();
  return count;
}

std::size_t PacketLoop::transmit(Instant now) {
  std::size_t work = 0;
  for (Entry& entry : entries_) {
    // Count the items before reading the commands: an item that is seen was published after its
    // command.
    const std::size_t ready = entry.links->outbound.pending();
    run_stream_commands(entry);
    const std::size_t published = entry.links->inbound.published();
    work += entry.session->transmit(ports_, now, ready);
    if (entry.links->inbound.published() != published) wakers_.usb.wake();
    publish_path(entry, now);
    ask_for_repair_window(entry);
  }
  for_each_port([&](session::DatagramPort& port) { port.flush(now); });
  return work;
}

void PacketLoop::run_stream_commands(Entry& entry) {
  StreamCommand command;
  while (entry.links->commands.pop(command)) {
    bool opened = true;
    switch (command.kind) {
      case StreamCommand::Kind::open_outbound:
        opened = entry.session->open_outbound(command.options);
        entry.open_streams += opened ? 1 : 0;
        break;
      case StreamCommand::Kind::open_inbound:
        opened = entry.session->open_inbound(command.options);
        entry.open_streams += opened ? 1 : 0;
        break;
      case StreamCommand::Kind::set_deadline:
        entry.session->set_deadline(command.options.stream, command.options.epoch,
                                    command.options.repair.deadline);
        break;
      case StreamCommand::Kind::close_outbound:
        entry.session->close_outbound(command.options.stream);
        entry.open_streams -= std::min(entry.open_streams, 1u);
        break;
      case StreamCommand::Kind::close_inbound:
        entry.session->close_inbound(command.options.stream);
        entry.open_streams -= std::min(entry.open_streams, 1u);
        break;
    }
  }
}

// Its memory is made by the control thread.
void PacketLoop::ask_for_repair_window(Entry& entry) {
  if (entry.has_asked_for_window || !entry.session->wants_repair_window()) return;
  if (events_.size() > events_.capacity() / 2) return;  // room stays for removals
  PacketEvent event;
  event.kind = PacketEvent::Kind::wants_repair_window;
  event.handle = entry.handle;
  if (!events_.push(std::move(event))) return;
  entry.has_asked_for_window = true;
  wakers_.control.wake();
}

void PacketLoop::give_repair_window(PacketCommand&& command) {
  Entry* const entry = find(command.handle);
  if (entry == nullptr) return;
  entry->has_asked_for_window = false;
  entry->session->give_repair_window(std::move(command.repair_window));
}

void PacketLoop::publish_path(Entry& entry, Instant now) {
  if (now >= entry.next_path) {
    const PathUpdate update{entry.session->path(), entry.session->max_source_bytes()};
    // An OUT stream waits for the first valid one.
    entry.next_path = now + (update.path.valid ? kPathPeriod : Duration{});
    static_cast<void>(
        entry.links->paths.push(update));  // full: the reader has fresher ones than it can use
  }
  if (now >= entry.next_report) {
    entry.next_report = now + kReportPeriod;
    if (events_.size() > events_.capacity() / 2) return;  // room stays for removals
    PacketEvent event;
    event.kind = PacketEvent::Kind::report;
    event.handle = entry.handle;
    event.counters = entry.session->counters();
    event.path = entry.session->path();
    event.path_payload = entry.session->path_payload();
    if (entry.session->path_count() == kMaxPaths) {
      for (const PathId path : {PathId::first, PathId::second})
        event.paths[event.path_count++] = entry.session->path_status(path);
    }
    const std::array<bool, kMaxPaths> answering{event.paths[0].is_answering,
                                                event.paths[1].is_answering};
    event.packets_under_key = entry.session->packets_under_key();
    event.key_epoch = entry.session->receive_epoch();
    const bool posted = events_.push(std::move(event));
    // The log is to say at once that a path is silent.
    if (posted && std::exchange(entry.answering, answering) != answering) wakers_.control.wake();
  }
}

Instant PacketLoop::next_deadline() const {
  Instant next = kNever;
  for_each_port([&](session::DatagramPort& port) { next = std::min(next, port.next_deadline()); });
  for (const Entry& entry : entries_) next = std::min(next, entry.session->next_deadline());
  return next;
}

void PacketLoop::append_descriptors(std::vector<int>& readable) const {
  for_each_port([&](session::DatagramPort& port) {
    if (const auto descriptor = port.descriptor()) readable.push_back(*descriptor);
  });
}

bool PacketLoop::must_poll() const {
  bool must = false;
  for_each_port([&](session::DatagramPort& port) { must = must || port.must_poll(); });
  return must;
}

// A look costs no system call, so that the port is looked at even if it was not ready.
void PacketLoop::polled(const ReadyDescriptors& ready) {
  for_each_port([&](session::DatagramPort& port) {
    const auto descriptor = port.descriptor();
    if (descriptor && ready.contains(*descriptor)) port.on_ready();
  });
}

bool PacketLoop::is_live() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& e) { return e.open_streams > 0; });
}

}  // namespace usbgw::node

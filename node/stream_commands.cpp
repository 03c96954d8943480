#include "node/stream_commands.h"

#include <algorithm>

#include "dataplane/session/session_limits.h"

namespace usbgw::node {
namespace {

// Over the base delay, from the bus to the driver.
constexpr Duration kInterruptBudget = std::chrono::milliseconds(5);

// A source leaves when the last of its intervals is there, and D counts from each of them: the
// first one, up to a transfer's length before, is what its repair must be in time for.
Duration deadline_of_source(Duration playout) {
  constexpr Duration kSource = std::chrono::milliseconds(1);
  return std::max(playout - kSource, playout / 2);
}

}  // namespace

bool StreamCommands::open(const wire::StreamOpen& open, bool sends) {
  const StreamId stream = stream_of(open.attachment, open.endpoint);
  close(stream);
  StreamCommand command;
  command.kind = sends ? StreamCommand::Kind::open_outbound : StreamCommand::Kind::open_inbound;
  command.options.stream = stream;
  command.options.epoch = open.epoch;
  if (open.kind == wire::StreamKind::polled) {
    command.options.delivery = session::Delivery::reliable;
    command.options.traffic_class = qos::TrafficClass::interrupt;
    command.options.repair.deadline = kInterruptBudget;
  } else {
    command.options.delivery = session::Delivery::timely;
    command.options.traffic_class = qos::TrafficClass::isochronous;
    command.options.max_payload = open.max_payload;
    if (repair_.options) {
      command.options.repair = *repair_.options;
      command.options.repair.deadline = deadline_of_source(open.playout);
    }
    if (repair_.copies && command.options.repair.scheme == session::RepairScheme::copy)
      command.options.repair.copy_after =
          repair_.delay.count() > 0 ? repair_.delay : open.playout / 2;
  }
  if (!links_.commands.push(std::move(command))) return false;
  open_.push_back({stream, sends});
  return true;
}

wire::StreamOpen StreamCommands::limited(wire::StreamOpen open, std::size_t max_payload) {
  if (open.kind != wire::StreamKind::isochronous) return open;
  const std::size_t theirs = open.max_payload == 0 ? SIZE_MAX : open.max_payload;
  const std::size_t most = std::min(max_payload == 0 ? SIZE_MAX : max_payload, theirs);
  if (most == SIZE_MAX) return open;
  open.max_payload = static_cast<std::uint32_t>(most);
  open.source_bytes = static_cast<std::uint32_t>(
      std::min<std::size_t>(open.source_bytes, session::source_bytes_in(most)));
  return open;
}

void StreamCommands::set_playout(const wire::StreamMargin& margin) {
  const StreamId stream = stream_of(margin.attachment, margin.endpoint);
  const bool is_open =
      std::any_of(open_.begin(), open_.end(), [&](const Open& o) { return o.stream == stream; });
  if (!is_open || !repair_.options) return;
  StreamCommand command;
  command.kind = StreamCommand::Kind::set_deadline;
  command.options.stream = stream;
  command.options.epoch = margin.epoch;
  command.options.repair.deadline = deadline_of_source(margin.playout);
  static_cast<void>(links_.commands.push(std::move(command)));
}

void StreamCommands::close(StreamId stream) {
  const auto known =
      std::find_if(open_.begin(), open_.end(), [&](const Open& o) { return o.stream == stream; });
  if (known == open_.end()) return;
  StreamCommand command;
  command.kind =
      known->sends ? StreamCommand::Kind::close_outbound : StreamCommand::Kind::close_inbound;
  command.options.stream = stream;
  // A full ring leaves the stream open in the session until its next opening replaces it.
  static_cast<void>(links_.commands.push(std::move(command)));
  open_.erase(known);
}

void StreamCommands::close_all() {
  while (!open_.empty()) close(open_.back().stream);
}

}  // namespace usbgw::node

#include "usbside/device/control_queue.h"

#include <algorithm>

#include "wire/standard_request.h"

namespace usbgw::device {

std::optional<DeviceCommand> command_of(const SetupPacket& setup) {
  using wire::StandardRequest;
  const auto request = StandardRequest::of(setup);
  DeviceCommand command;
  command.value = request.value;
  command.interface = request.interface;
  command.endpoint = request.endpoint;
  switch (request.kind) {
    case StandardRequest::Kind::none:
      return std::nullopt;
    case StandardRequest::Kind::set_configuration:
      command.kind = DeviceCommand::Kind::set_configuration;
      return command;
    case StandardRequest::Kind::set_interface:
      command.kind = DeviceCommand::Kind::set_interface;
      return command;
    case StandardRequest::Kind::clear_halt:
      command.kind = DeviceCommand::Kind::clear_halt;
      return command;
    case StandardRequest::Kind::reset:
      command.kind = DeviceCommand::Kind::reset;
      return command;
  }
  return std::nullopt;
}

void ControlQueue::submit(wire::UrbSubmit&& request) {
  const UrbStatus refused = check(request);
  if (refused != UrbStatus::ok) return refuse(request, refused, context_);
  Control control;
  control.command = command_of(request.setup);
  control.urb.is_in = request.setup.is_in() && request.length > 0;
  control.urb.request = std::move(request);
  urbs_.push_back(std::move(control));
  pump();
}

// The data stage is as long as wLength and goes where the setup packet says (kernel: usb_submit_urb
// refuses others).
UrbStatus ControlQueue::check(const wire::UrbSubmit& request) const {
  const bool has_in_data = request.setup.is_in() && request.length > 0;
  if (request.endpoint.number() != 0 || request.length != request.setup.length)
    return UrbStatus::protocol_error;
  if (request.length > 0 && request.endpoint.is_in() != request.setup.is_in())
    return UrbStatus::protocol_error;
  if (request.data.size() != (has_in_data ? 0 : request.length)) return UrbStatus::protocol_error;
  return urbs_.size() < kMaxPendingControls ? UrbStatus::ok : kNoMemory;
}

void ControlQueue::pump() {
  while (!urbs_.empty() && (stage_ == Stage::waiting || stage_ == Stage::preparing)) {
    const std::size_t before = urbs_.size();
    begin(urbs_.front());
    const bool is_held_up = stage_ == Stage::preparing && urbs_.size() == before;
    if (is_held_up) return;
  }
}

void ControlQueue::begin(Control& control) {
  if (control.command) {
    stage_ = Stage::preparing;
    const bool is_ready = observer_.is_ready_for(*control.command);
    if (!is_ready || context_.device.is_commanding()) return;
    stage_ = Stage::commanding;
    context_.counters.add(DeviceCounter::commands);
    context_.device.start(*control.command);
    return;
  }
  control.urb.transfer = std::move(transfer_);
  control.urb.load(*this);
  stage_ = Stage::in_flight;
  const UrbStatus status = context_.device.submit(*control.urb.transfer);
  if (status != UrbStatus::ok) end_front(status);
}

void ControlQueue::end_front(UrbStatus status) {
  Control control = std::move(urbs_.front());
  urbs_.pop_front();
  stage_ = Stage::waiting;
  if (control.urb.transfer) transfer_ = std::move(control.urb.transfer);
  control.urb.finish(status);
  answer(control.urb);
}

void ControlQueue::on_complete(Transfer&, Instant) {
  Control control = std::move(urbs_.front());
  urbs_.pop_front();
  stage_ = Stage::waiting;
  control.urb.finish();
  transfer_ = std::move(control.urb.transfer);
  answer(control.urb);
  pump();
}

std::size_t ControlQueue::turn() {
  std::size_t work = 0;
  if (stage_ == Stage::commanding) {
    const auto status = context_.device.finished_command();
    if (status) {
      observer_.command_ended(*urbs_.front().command, *status);
      end_front(*status);
      ++work;
    }
  }
  pump();
  return work;
}

bool ControlQueue::has_command() const {
  return std::any_of(urbs_.begin(), urbs_.end(),
                     [](const auto& control) { return control.command.has_value(); });
}

bool ControlQueue::cancel(TransactionId transaction) {
  const auto control = std::find_if(urbs_.begin(), urbs_.end(), [&](const auto& c) {
    return c.urb.request.transaction == transaction;
  });
  if (control == urbs_.end()) return false;
  context_.counters.add(DeviceCounter::urbs_cancelled);
  const bool is_first = control == urbs_.begin();
  if (is_first && stage_ == Stage::in_flight) {
    context_.device.cancel(*control->urb.transfer);
  } else if (!is_first || stage_ == Stage::waiting) {
    control->urb.finish(UrbStatus::connection_reset);
    Control done = std::move(*control);
    urbs_.erase(control);
    answer(done.urb);
  }
  return true;
}

void ControlQueue::cancel_all() {
  drop_waiting(UrbStatus::connection_reset);
  if (!urbs_.empty() && stage_ == Stage::in_flight)
    context_.device.cancel(*urbs_.front().urb.transfer);
}

// A command that only waits for its streams to stop has not begun, and is dropped too.
void ControlQueue::drop_waiting(UrbStatus status) {
  const bool has_begun = stage_ == Stage::in_flight || stage_ == Stage::commanding;
  std::deque<Control> dropped;
  while (urbs_.size() > (has_begun ? 1u : 0u)) {
    dropped.push_front(std::move(urbs_.back()));
    urbs_.pop_back();
  }
  if (!has_begun) stage_ = Stage::waiting;
  for (auto& control : dropped) {
    control.urb.finish(status);
    answer(control.urb);
  }
}

void ControlQueue::answer(PendingUrb& urb) {
  context_.counters.add(DeviceCounter::urbs_answered);
  context_.sink.reply(urb.take_reply(), urb.request.type);
}

}  // namespace usbgw::device

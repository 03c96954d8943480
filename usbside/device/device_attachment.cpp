#include "usbside/device/device_attachment.h"

#include <algorithm>
#include <vector>

#include "usbside/device/active_settings.h"
#include "usbside/device/control_queue.h"
#include "usbside/device/device_stream.h"
#include "usbside/device/interval_packer.h"
#include "usbside/device/urb_queue.h"
#include "wire/clock_report.h"
#include "wire/interrupt_body.h"

namespace usbgw::device {
namespace {

// A device has at most 30 endpoints; an opening waits for the one it replaces.
constexpr std::size_t kMaxOpenings = 64;

// An interrupt or bulk report must fit one source symbol. A URB that is longer is read in pieces of
// whole packets, which ends at a short one as the URB would.
std::uint32_t polled_length(std::uint32_t wanted, const wire::Endpoint& endpoint,
                            std::size_t capacity) {
  const auto room = static_cast<std::uint32_t>(capacity - wire::kInterruptFixed);
  if (wanted <= room) return wanted;
  const std::uint32_t packet = std::max<std::uint32_t>(endpoint.max_packet, 1);
  return room / packet * packet;
}

}  // namespace

struct DeviceAttachment::Implementation final : CommandObserver {
  Implementation(AttachmentId attachment, UsbDevice& device, const StreamTuning& stream_tuning,
                 DeviceAttachmentSink& sink)
      : id(attachment),
        tuning(stream_tuning),
        context{device, sink, counters},
        settings(device.info()),
        urbs(context),
        controls(context, *this) {}

  bool is_ready_for(const DeviceCommand& command) override;
  void command_ended(const DeviceCommand& command, UrbStatus status) override;

  void open_now(const wire::StreamOpen& open);
  std::optional<StreamSetup> setup_of(wire::StreamOpen open);
  std::unique_ptr<DeviceStream> make_stream(const StreamSetup& setup);
  void answer_open(const wire::StreamOpen& open, const DeviceStream* stream);
  void open_waiting();
  std::size_t turn_streams();
  void close_streams(EndpointAddress endpoint);
  [[nodiscard]] bool has_stream(EndpointAddress endpoint) const;
  void notice_gone();

  AttachmentId id;
  StreamTuning tuning;
  DeviceCounters counters;
  StreamContext context;
  ActiveSettings settings;
  UrbQueue urbs;
  ControlQueue controls;
  std::vector<std::unique_ptr<DeviceStream>> streams;
  std::vector<wire::StreamOpen> waiting;  // openings behind a command or an older opening
  bool detaching = false;
  bool gone = false;
};

bool DeviceAttachment::Implementation::is_ready_for(const DeviceCommand& command) {
  bool ready = true;
  for (const auto& stream : streams) {
    const bool is_halt = command.kind == DeviceCommand::Kind::clear_halt;
    const bool is_hit = is_halt ? stream->setup().open.endpoint == command.endpoint
                                : command.kind != DeviceCommand::Kind::set_interface ||
                                      stream->setup().interface == command.interface;
    if (!is_hit) continue;
    const bool may_finish =
        command.kind == DeviceCommand::Kind::set_interface && stream->is_finishing();
    if (is_halt)
      stream->pause_for_halt();
    else if (!may_finish)
      stream->begin_close();
    const bool is_isochronous_halt =
        is_halt && stream->setup().open.kind == wire::StreamKind::isochronous;
    ready = ready && (stream->is_idle() || is_isochronous_halt);
  }
  return ready;
}

void DeviceAttachment::Implementation::command_ended(const DeviceCommand& command,
                                                     UrbStatus status) {
  if (status == UrbStatus::ok) settings.apply(command);
  if (command.kind != DeviceCommand::Kind::clear_halt) return;
  for (const auto& stream : streams)
    if (stream->setup().open.endpoint == command.endpoint) stream->resume_after_halt();
}

std::optional<StreamSetup> DeviceAttachment::Implementation::setup_of(wire::StreamOpen open) {
  const auto found = settings.find(open.endpoint);
  if (!found || open.packet_bytes == 0) return std::nullopt;
  const bool is_isochronous = found->endpoint->type == TransferType::isochronous;
  if (is_isochronous != (open.kind == wire::StreamKind::isochronous)) return std::nullopt;
  const std::size_t capacity =
      std::min<std::size_t>(open.source_bytes, context.sink.outbound().block_bytes());
  StreamSetup setup;
  if (is_isochronous) {
    const bool is_enough = open.endpoint.is_in() ? IntervalPacker::is_enough(capacity)
                                                 : capacity >= wire::kClockReportBytes;
    if (!is_enough || found->endpoint->interval_bytes == 0) return std::nullopt;
    open.packet_bytes = std::min({open.packet_bytes, found->endpoint->interval_bytes, 65535u});
    setup.audio = found->setting->audio;
  } else {
    if (!open.endpoint.is_in() || found->endpoint->type == TransferType::control ||
        capacity <= wire::kInterruptFixed)
      return std::nullopt;
    open.packet_bytes = polled_length(open.packet_bytes, *found->endpoint, capacity);
    if (open.packet_bytes == 0) return std::nullopt;
  }
  setup.open = open;
  setup.interface = found->setting->interface;
  setup.endpoint = *found->endpoint;
  setup.interval = service_interval(*found->endpoint, settings.speed());
  return setup;
}

std::unique_ptr<DeviceStream> DeviceAttachment::Implementation::make_stream(
    const StreamSetup& setup) {
  if (setup.open.kind == wire::StreamKind::polled) return make_polled_in(setup, context);
  return setup.open.endpoint.is_in() ? make_isochronous_in(setup, tuning, context)
                                     : make_isochronous_out(setup, tuning, context);
}

void DeviceAttachment::Implementation::open_now(const wire::StreamOpen& open) {
  const auto setup = setup_of(open);
  if (!setup) return answer_open(open, nullptr);
  auto stream = make_stream(*setup);
  answer_open(open, stream.get());
  stream->start();
  streams.push_back(std::move(stream));
}

void DeviceAttachment::Implementation::answer_open(const wire::StreamOpen& open,
                                                   const DeviceStream* stream) {
  wire::StreamOpened opened;
  opened.attachment = open.attachment;
  opened.endpoint = open.endpoint;
  opened.epoch = open.epoch;
  opened.ok = stream != nullptr;
  if (stream != nullptr) {
    opened.interval = stream->setup().interval;
    opened.submit_ahead = stream->submit_ahead();
  }
  context.sink.stream_opened(opened);
}

void DeviceAttachment::Implementation::open_waiting() {
  if (waiting.empty() || controls.has_command()) return;
  auto ready = std::stable_partition(waiting.begin(), waiting.end(),
                                     [&](const auto& open) { return has_stream(open.endpoint); });
  std::vector<wire::StreamOpen> opens(ready, waiting.end());
  waiting.erase(ready, waiting.end());
  for (const auto& open : opens) open_now(open);
}

std::size_t DeviceAttachment::Implementation::turn_streams() {
  std::size_t work = 0;
  for (const auto& stream : streams)
    work += stream->is_closing() ? stream->continue_close() : stream->turn();
  std::erase_if(streams,
                [](const auto& stream) { return stream->is_closing() && stream->is_idle(); });
  return work;
}

void DeviceAttachment::Implementation::close_streams(EndpointAddress endpoint) {
  for (const auto& stream : streams)
    if (stream->setup().open.endpoint == endpoint) stream->begin_close();
}

bool DeviceAttachment::Implementation::has_stream(EndpointAddress endpoint) const {
  return std::any_of(streams.begin(), streams.end(),
                     [&](const auto& stream) { return stream->setup().open.endpoint == endpoint; });
}

void DeviceAttachment::Implementation::notice_gone() {
  if (gone || !context.device.is_gone()) return;
  gone = true;
  for (const auto& stream : streams) stream->begin_close();
  for (const auto& open : waiting) answer_open(open, nullptr);
  waiting.clear();
  urbs.drop_waiting(UrbStatus::no_device);
  controls.drop_waiting(UrbStatus::no_device);
  context.sink.device_gone();
}

DeviceAttachment::DeviceAttachment(AttachmentId id, UsbDevice& device, const StreamTuning& tuning,
                                   DeviceAttachmentSink& sink)
    : implementation_(std::make_unique<Implementation>(id, device, tuning, sink)) {}

DeviceAttachment::~DeviceAttachment() = default;

void DeviceAttachment::submit(wire::UrbSubmit&& urb) {
  auto& self = *implementation_;
  self.counters.add(DeviceCounter::urbs_submitted);
  if (self.gone || self.detaching) {
    self.counters.add(DeviceCounter::urbs_answered);
    self.context.sink.reply(refusal(urb, self.gone ? UrbStatus::no_device : UrbStatus::shutdown),
                            urb.type);
  } else if (urb.type == TransferType::control) {
    self.controls.submit(std::move(urb));
  } else {
    self.urbs.submit(std::move(urb));
  }
}

void DeviceAttachment::cancel(TransactionId transaction) {
  if (!implementation_->controls.cancel(transaction))
    static_cast<void>(implementation_->urbs.cancel(transaction));
}

void DeviceAttachment::open_stream(const wire::StreamOpen& open, Instant now) {
  auto& self = *implementation_;
  self.context.now = now;
  if (self.gone || self.detaching || self.waiting.size() >= kMaxOpenings)
    return self.answer_open(open, nullptr);
  self.close_streams(open.endpoint);
  std::erase_if(self.waiting, [&](const auto& other) {
    const bool is_replaced = other.endpoint == open.endpoint;
    if (is_replaced) self.answer_open(other, nullptr);
    return is_replaced;
  });
  // Before the first submission the device is told the time: one that keeps its own bus would begin
  // where it was last polled, and the first interval's index would lie in the past.
  self.context.device.poll(now);
  self.waiting.push_back(open);
  self.open_waiting();
}

void DeviceAttachment::close_stream(const wire::StreamClose& close) {
  auto& self = *implementation_;
  std::erase_if(self.waiting, [&](const auto& open) {
    return open.endpoint == close.endpoint && open.epoch == close.epoch;
  });
  for (const auto& stream : self.streams)
    if (stream->setup().open.endpoint == close.endpoint &&
        stream->setup().open.epoch == close.epoch)
      stream->finish();
}

void DeviceAttachment::reports_taken(const wire::StreamTaken& taken) {
  for (const auto& stream : implementation_->streams)
    if (stream->setup().open.endpoint == taken.endpoint &&
        stream->setup().open.epoch == taken.epoch)
      stream->reports_taken(taken.reports);
}

void DeviceAttachment::receive(const StreamItem& item, std::span<const std::byte> body,
                               Instant now) {
  auto& self = *implementation_;
  self.context.now = now;
  for (const auto& stream : self.streams) {
    const auto& open = stream->setup().open;
    if (stream->is_closing() || item.epoch != open.epoch ||
        item.stream != stream_of(open.attachment, open.endpoint))
      continue;
    return stream->receive(item, body);
  }
  self.counters.add(DeviceCounter::foreign_items);
}

std::size_t DeviceAttachment::turn(Instant now) {
  auto& self = *implementation_;
  self.context.now = now;
  std::size_t work = self.context.device.poll(now);
  self.notice_gone();
  work += self.turn_streams();
  work += self.controls.turn();
  self.open_waiting();
  return work;
}

Instant DeviceAttachment::next_deadline() const {
  Instant next = kNever;
  for (const auto& stream : implementation_->streams)
    next = std::min(next, stream->has_more_to_cancel() ? Instant{} : stream->next_deadline());
  return next;
}

void DeviceAttachment::begin_detach() {
  auto& self = *implementation_;
  if (self.detaching) return;
  self.detaching = true;
  for (const auto& stream : self.streams) stream->begin_close();
  for (const auto& open : self.waiting) self.answer_open(open, nullptr);
  self.waiting.clear();
  self.urbs.cancel_all();
  self.controls.cancel_all();
}

bool DeviceAttachment::is_drained() const {
  const auto& self = *implementation_;
  const bool is_idle = std::all_of(self.streams.begin(), self.streams.end(),
                                   [](const auto& stream) { return stream->is_idle(); });
  return self.detaching && is_idle && self.urbs.is_empty() && self.controls.is_empty();
}

bool DeviceAttachment::has_open_streams() const {
  return std::any_of(implementation_->streams.begin(), implementation_->streams.end(),
                     [](const auto& stream) { return !stream->is_closing(); });
}

const DeviceCounters& DeviceAttachment::counters() const {
  return implementation_->counters;
}

}  // namespace usbgw::device

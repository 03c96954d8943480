#include "node/agent_usb_loop.h"

#include <algorithm>

#include "usbside/device/urb_reply.h"

namespace usbgw::node {

struct ServedDevice final : device::DeviceAttachmentSink {
  enum class Phase : std::uint8_t { claiming, serving, draining, releasing, done };

  ServedDevice(agent_command::Add&& add, SessionLinks& session_links,
               RingSender<AgentEvent>& event_ring)
      : session(add.session),
        id(add.attachment),
        links(session_links),
        events(event_ring),
        streams(session_links, add.repair),
        max_payload(add.max_payload),
        usb(std::move(add.device)),
        attachment(add.attachment, *usb, add.tuning, *this) {
    device::DeviceCommand claim;
    claim.kind = device::DeviceCommand::Kind::claim;
    usb->start(claim);
  }

  void reply(wire::UrbReply&& reply, TransferType type) override {
    events.send(agent_event::Reply{session, type, std::move(reply)});
  }
  void stream_opened(const wire::StreamOpened& opened) override {
    events.send(agent_event::Opened{session, opened});
  }
  StreamLink& outbound() override { return links.outbound; }
  void device_gone() override { events.send(agent_event::Gone{session, id}); }

  std::size_t turn(Instant now);

  SessionHandle session;
  AttachmentId id;
  SessionLinks& links;
  RingSender<AgentEvent>& events;
  StreamCommands streams;
  std::size_t max_payload;
  std::unique_ptr<device::UsbDevice> usb;
  device::DeviceAttachment attachment;
  Phase phase = Phase::claiming;
  bool detach_wanted = false;
};

std::size_t ServedDevice::turn(Instant now) {
  switch (phase) {
    case Phase::claiming: {
      const std::size_t work = usb->poll(now);
      const auto finished = usb->finished_command();
      if (!finished) return work;
      phase = Phase::serving;
      events.send(agent_event::Claimed{session, id, *finished});
      return work + 1;
    }
    case Phase::serving:
      if (!detach_wanted) return attachment.turn(now);
      streams.close_all();
      attachment.begin_detach();
      phase = Phase::draining;
      return 1;
    case Phase::draining: {
      const std::size_t work = attachment.turn(now);
      if (!attachment.is_drained() || usb->is_commanding()) return work;
      static_cast<void>(usb->finished_command());
      device::DeviceCommand release;
      release.kind = device::DeviceCommand::Kind::release;
      usb->start(release);
      phase = Phase::releasing;
      return work + 1;
    }
    case Phase::releasing: {
      const std::size_t work = usb->poll(now);
      if (usb->finished_command()) phase = Phase::done;
      return work;
    }
    case Phase::done:
      return 0;
  }
  return 0;
}

AgentUsbLoop::AgentUsbLoop(Waker& self, Waker& control, Waker& packet)
    : commands_(1024, self), events_(1024, control), packet_(packet) {}

AgentUsbLoop::~AgentUsbLoop() = default;

std::size_t AgentUsbLoop::turn(Instant now) {
  std::size_t work = 0;
  AgentCommand command;
  while (work < kUsbCommandsPerTurn && commands_.take(command)) {
    run(command, now);
    ++work;
  }
  for (const auto& session : sessions_) {
    PathUpdate update;
    while (session->links->paths.pop(update)) {
    }  // the agent follows its own device's clock and needs no path
    work += session->deliver(now);
    const std::size_t published = session->links->outbound.published();
    work += turn_devices(*session, now);
    if (session->links->outbound.published() != published) packet_.wake();
  }
  events_.flush();
  return work;
}

std::size_t AgentUsbLoop::turn_devices(UsbSession<ServedDevice>& session, Instant now) {
  std::size_t work = 0;
  for (auto& served : session.attachments) {
    work += served->turn(now);
    if (served->phase != ServedDevice::Phase::done) continue;
    agent_event::Detached detached{served->session, served->id, nullptr};
    detached.object = std::move(served);
    events_.send(std::move(detached));
  }
  std::erase_if(session.attachments, [](const auto& served) { return served == nullptr; });
  return work;
}

void AgentUsbLoop::run(AgentCommand& command, Instant now) {
  namespace ac = agent_command;
  if (auto* add_session = std::get_if<ac::AddSession>(&command)) {
    sessions_.add(add_session->session, std::move(add_session->links));
  } else if (auto* remove = std::get_if<ac::RemoveSession>(&command)) {
    sessions_.remove(remove->session);
  } else if (auto* add = std::get_if<ac::Add>(&command)) {
    if (auto* const session = sessions_.find(add->session)) {
      session->attachments.push_back(
          std::make_unique<ServedDevice>(std::move(*add), *session->links, events_));
    }
  } else if (auto* detach = std::get_if<ac::Detach>(&command)) {
    if (auto* const served = sessions_.find(detach->session, detach->attachment))
      served->detach_wanted = true;
  } else if (auto* submit = std::get_if<ac::Submit>(&command)) {
    if (auto* const served = sessions_.find(submit->session, submit->urb.attachment)) {
      served->attachment.submit(std::move(submit->urb));
    } else {  // ended meanwhile; a cancel of it finds nothing and says nothing
      events_.send(agent_event::Reply{submit->session, submit->urb.type,
                                      device::refusal(submit->urb, UrbStatus::no_device)});
    }
  } else if (auto* cancel = std::get_if<ac::Cancel>(&command)) {
    if (auto* const served = sessions_.find(cancel->session, cancel->cancel.attachment)) {
      served->attachment.cancel(cancel->cancel.transaction);
    }
  } else if (auto* open = std::get_if<ac::Open>(&command)) {
    if (auto* const served = sessions_.find(open->session, open->open.attachment)) {
      const auto limited = StreamCommands::limited(open->open, served->max_payload);
      if (served->streams.open(limited, limited.endpoint.is_in())) {
        served->attachment.open_stream(limited, now);
      } else {  // the packet worker has not kept up: the host is told, and may ask again
        events_.send(agent_event::Opened{
            open->session, {open->open.attachment, open->open.endpoint, open->open.epoch}});
      }
    }
  } else if (auto* close = std::get_if<ac::Close>(&command)) {
    if (auto* const served = sessions_.find(close->session, close->close.attachment)) {
      served->attachment.close_stream(close->close);
      served->streams.close(stream_of(close->close.attachment, close->close.endpoint));
    }
  } else if (auto* taken = std::get_if<ac::Taken>(&command)) {
    if (auto* const served = sessions_.find(taken->session, taken->taken.attachment))
      served->attachment.reports_taken(taken->taken);
  } else if (auto* margin = std::get_if<ac::Margin>(&command)) {
    if (auto* const served = sessions_.find(margin->session, margin->margin.attachment)) {
      served->streams.set_playout(margin->margin);
      packet_.wake();
    }
  }
}

Instant AgentUsbLoop::next_deadline() const {
  Instant next = kNever;
  for (const auto& session : sessions_) {
    if (session->links->inbound.pending() > 0) return Instant{};
    for (const auto& served : session->attachments) {
      next = std::min({next, served->attachment.next_deadline(), served->usb->next_deadline()});
    }
  }
  return next;
}

void AgentUsbLoop::append_descriptors(std::vector<int>& readable) const {
  for (const auto& session : sessions_) {
    for (const auto& served : session->attachments) served->usb->append_descriptors(readable);
  }
}

void AgentUsbLoop::polled(const ReadyDescriptors& ready) {
  for (const auto& session : sessions_) {
    for (const auto& served : session->attachments) served->usb->polled(ready);
  }
}

void AgentUsbLoop::not_asked() {
  for (const auto& session : sessions_) {
    for (const auto& served : session->attachments) served->usb->not_asked();
  }
}

bool AgentUsbLoop::is_live() const {
  return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) {
    return std::any_of(session->attachments.begin(), session->attachments.end(),
                       [](const auto& served) { return served->attachment.has_open_streams(); });
  });
}

}  // namespace usbgw::node

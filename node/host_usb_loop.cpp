#include "node/host_usb_loop.h"

#include <algorithm>

namespace usbgw::node {

struct HostedAttachment final : host::HostAttachmentSink {
  HostedAttachment(SessionHandle session_handle, host_command::AddAttachment&& add,
                   SessionLinks& session_links, RingSender<HostEvent>& event_ring,
                   Waker& packet_waker)
      : session(session_handle),
        id(add.device.attachment),
        links(session_links),
        events(event_ring),
        packet(packet_waker),
        streams(session_links, add.repair),
        max_payload(add.max_payload),
        socket(std::move(add.socket)),
        attachment(std::move(add.device), add.playout, *socket, *this) {}

  void submit(wire::UrbSubmit&& urb) override {
    events.send(host_event::Submit{session, std::move(urb)});
  }
  void cancel(const wire::UrbCancel& cancel) override {
    events.send(host_event::Cancel{session, cancel});
  }
  void open_stream(const wire::StreamOpen& wanted) override {
    const auto open = StreamCommands::limited(wanted, max_payload);
    if (streams.open(open, !open.endpoint.is_in())) events.send(host_event::Open{session, open});
    packet.wake();
  }
  void close_stream(const wire::StreamClose& close) override {
    streams.close(stream_of(close.attachment, close.endpoint));
    events.send(host_event::Close{session, close});
  }
  void reports_taken(const wire::StreamTaken& taken) override {
    events.send(host_event::Taken{session, taken});
  }
  void margin_moved(const wire::StreamMargin& margin) override {
    streams.set_playout(margin);
    packet.wake();
    events.send(host_event::Margin{session, margin});
  }
  StreamLink& outbound() override { return links.outbound; }
  [[nodiscard]] std::size_t source_bytes() const override {
    return max_payload == 0 ? largest_source
                            : std::min(largest_source, session::source_bytes_in(max_payload));
  }

  SessionHandle session;
  AttachmentId id;
  SessionLinks& links;
  RingSender<HostEvent>& events;
  Waker& packet;
  StreamCommands streams;
  std::size_t max_payload;
  std::size_t largest_source = 1024;  // until the session has said more
  std::unique_ptr<host::VhciSocket> socket;
  host::HostAttachment attachment;
  bool closed_told = false;
};

HostUsbLoop::HostUsbLoop(Waker& self, Waker& control, Waker& packet)
    : commands_(1024, self), events_(1024, control), packet_(packet) {}

HostUsbLoop::~HostUsbLoop() = default;

std::size_t HostUsbLoop::turn(Instant now) {
  std::size_t work = 0;
  HostCommand command;
  while (work < kUsbCommandsPerTurn && commands_.take(command)) {
    run(command, now);
    ++work;
  }
  for (const auto& session : sessions_) {
    follow_path(*session);
    work += session->deliver(now);
    const std::size_t published = session->links->outbound.published();
    for (const auto& hosted : session->attachments) {
      work += hosted->attachment.turn(now);
      if (hosted->attachment.is_closed() && !hosted->closed_told) {
        hosted->closed_told = true;
        events_.send(host_event::Closed{hosted->session, hosted->id});
      }
    }
    if (session->links->outbound.published() != published) packet_.wake();
  }
  events_.flush();
  return work;
}

void HostUsbLoop::follow_path(UsbSession<HostedAttachment>& session) {
  PathUpdate update;
  bool is_fresh = false;
  while (session.links->paths.pop(update)) is_fresh = true;
  if (!is_fresh) return;
  for (const auto& hosted : session.attachments) {
    hosted->largest_source = update.source_bytes;
    hosted->attachment.set_path(update.path);
  }
}

void HostUsbLoop::run(HostCommand& command, Instant now) {
  namespace hc = host_command;
  if (auto* add = std::get_if<hc::AddSession>(&command)) {
    sessions_.add(add->session, std::move(add->links));
  } else if (auto* gone = std::get_if<hc::RemoveSession>(&command)) {
    sessions_.remove(gone->session);
  } else if (auto* attach = std::get_if<hc::AddAttachment>(&command)) {
    if (auto* const session = sessions_.find(attach->session)) {
      session->attachments.push_back(std::make_unique<HostedAttachment>(
          session->handle, std::move(*attach), *session->links, events_, packet_));
    }
  } else if (auto* detach = std::get_if<hc::RemoveAttachment>(&command)) {
    remove(detach->session, detach->attachment);
  } else if (auto* lost = std::get_if<hc::PeerLost>(&command)) {
    if (auto* const session = sessions_.find(lost->session)) {
      for (const auto& hosted : session->attachments) hosted->attachment.peer_lost(now);
    }
  } else if (auto* reply = std::get_if<hc::Reply>(&command)) {
    if (auto* const hosted = sessions_.find(reply->session, reply->reply.attachment)) {
      hosted->attachment.receive(std::move(reply->reply), now);
    }
  } else if (auto* opened = std::get_if<hc::Opened>(&command)) {
    if (auto* const hosted = sessions_.find(opened->session, opened->opened.attachment)) {
      hosted->attachment.stream_opened(opened->opened, now);
    }
  } else if (auto* want = std::get_if<hc::WantStatus>(&command)) {
    if (auto* const hosted = sessions_.find(want->session, want->attachment)) {
      auto status = std::make_unique<host::AttachmentStatus>(hosted->attachment.status());
      events_.send(host_event::Status{want->session, want->attachment, std::move(status)});
    }
  }
}

void HostUsbLoop::remove(SessionHandle handle, AttachmentId attachment) {
  auto* const session = sessions_.find(handle);
  if (session == nullptr) return;
  auto& all = session->attachments;
  const auto hosted =
      std::find_if(all.begin(), all.end(), [&](const auto& a) { return a->id == attachment; });
  if (hosted == all.end()) return;
  (*hosted)->streams.close_all();
  host_event::Removed removed{handle, attachment, std::move(*hosted)};
  all.erase(hosted);
  events_.send(std::move(removed));
}

Instant HostUsbLoop::next_deadline() const {
  Instant next = kNever;
  for (const auto& session : sessions_) {
    if (session->links->inbound.pending() > 0) return Instant{};
    for (const auto& hosted : session->attachments)
      next = std::min(next, hosted->attachment.next_deadline());
  }
  return next;
}

void HostUsbLoop::append_descriptors(std::vector<int>& readable) const {
  for (const auto& session : sessions_) {
    for (const auto& hosted : session->attachments) hosted->socket->append_descriptors(readable);
  }
}

// A closed attachment flushes nothing more.
void HostUsbLoop::append_writable(std::vector<int>& writable) const {
  for (const auto& session : sessions_) {
    for (const auto& hosted : session->attachments) {
      if (hosted->socket->has_backlog() && !hosted->attachment.is_closed())
        hosted->socket->append_descriptors(writable);
    }
  }
}

void HostUsbLoop::polled(const ReadyDescriptors& ready) {
  for (const auto& session : sessions_) {
    for (const auto& hosted : session->attachments) hosted->socket->polled(ready);
  }
}

bool HostUsbLoop::is_live() const {
  return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) {
    return std::any_of(session->attachments.begin(), session->attachments.end(),
                       [](const auto& hosted) { return hosted->attachment.has_live_streams(); });
  });
}

}  // namespace usbgw::node

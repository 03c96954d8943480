#include "node/host_usb_loop.h"

#include <algorithm>

namespace usbgw::node {
namespace {

// Items handed to attachments in one turn; more waits for the next, so that timers stay punctual.
constexpr std::size_t kItemsPerTurn = 256;
constexpr std::size_t kCommandsPerTurn = 64;

}  // namespace

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
        socket(std::move(add.socket)),
        attachment(std::move(add.device), add.playout, *socket, *this) {}

  void submit(wire::UrbSubmit&& urb) override {
    events.send(host_event::Submit{session, std::move(urb)});
  }
  void cancel(const wire::UrbCancel& cancel) override {
    events.send(host_event::Cancel{session, cancel});
  }
  void open_stream(const wire::StreamOpen& open) override {
    if (streams.open(open, !open.endpoint.is_in())) events.send(host_event::Open{session, open});
    packet.wake();
  }
  void close_stream(const wire::StreamClose& close) override {
    streams.close(stream_of(close.attachment, close.endpoint));
    events.send(host_event::Close{session, close});
  }
  StreamLink& outbound() override { return links.outbound; }
  [[nodiscard]] std::size_t source_bytes() const override { return largest_source; }

  SessionHandle session;
  AttachmentId id;
  SessionLinks& links;
  RingSender<HostEvent>& events;
  Waker& packet;
  StreamCommands streams;
  std::size_t largest_source = 1024;  // until the session has said more
  std::unique_ptr<host::VhciSocket> socket;
  host::HostAttachment attachment;
  bool closed_told = false;
};

struct HostUsbLoop::Peer {
  SessionHandle session;
  std::shared_ptr<SessionLinks> links;
  std::vector<std::unique_ptr<HostedAttachment>> attachments;
};

HostUsbLoop::HostUsbLoop(Waker& self, Waker& control, Waker& packet)
    : commands_(1024, self), events_(1024, control), packet_(packet) {}

HostUsbLoop::~HostUsbLoop() = default;

HostUsbLoop::Peer* HostUsbLoop::find(SessionHandle session) {
  const auto peer = std::find_if(peers_.begin(), peers_.end(),
                                 [&](const auto& p) { return p->session == session; });
  return peer == peers_.end() ? nullptr : peer->get();
}

HostedAttachment* HostUsbLoop::find(SessionHandle session, AttachmentId attachment) {
  Peer* const peer = find(session);
  if (peer == nullptr) return nullptr;
  const auto hosted = std::find_if(peer->attachments.begin(), peer->attachments.end(),
                                   [&](const auto& a) { return a->id == attachment; });
  return hosted == peer->attachments.end() ? nullptr : hosted->get();
}

std::size_t HostUsbLoop::turn(Instant now) {
  std::size_t work = 0;
  HostCommand command;
  while (work < kCommandsPerTurn && commands_.take(command)) {
    run(command, now);
    ++work;
  }
  for (const auto& peer : peers_) {
    work += deliver(*peer, now);
    const std::size_t published = peer->links->outbound.pending();
    for (const auto& hosted : peer->attachments) {
      work += hosted->attachment.turn(now);
      if (hosted->attachment.is_closed() && !hosted->closed_told) {
        hosted->closed_told = true;
        events_.send(host_event::Closed{hosted->session, hosted->id});
      }
    }
    if (peer->links->outbound.pending() > published) packet_.wake();
  }
  events_.flush();
  return work;
}

std::size_t HostUsbLoop::deliver(Peer& peer, Instant now) {
  PathUpdate update;
  bool fresh = false;
  while (peer.links->paths.pop(update)) fresh = true;
  if (fresh) {
    for (const auto& hosted : peer.attachments) {
      hosted->largest_source = update.source_bytes;
      hosted->attachment.set_path(update.path);
    }
  }
  std::size_t work = 0;
  StreamItem item;
  while (work < kItemsPerTurn && peer.links->inbound.pop(item)) {
    ++work;
    const AttachmentId id = attachment_of(item.stream);
    for (const auto& hosted : peer.attachments) {
      if (hosted->id == id) hosted->attachment.receive(item, peer.links->inbound.bytes(item), now);
    }
    peer.links->inbound.release(item);
  }
  return work;
}

void HostUsbLoop::run(HostCommand& command, Instant now) {
  namespace hc = host_command;
  if (auto* add = std::get_if<hc::AddSession>(&command)) {
    auto peer = std::make_unique<Peer>();
    peer->session = add->session;
    peer->links = std::move(add->links);
    peers_.push_back(std::move(peer));
  } else if (auto* gone = std::get_if<hc::RemoveSession>(&command)) {
    std::erase_if(peers_, [&](const auto& p) { return p->session == gone->session; });
  } else if (auto* attach = std::get_if<hc::AddAttachment>(&command)) {
    if (Peer* const peer = find(attach->session)) {
      const SessionHandle session = attach->session;
      peer->attachments.push_back(std::make_unique<HostedAttachment>(
          session, std::move(*attach), *peer->links, events_, packet_));
    }
  } else if (auto* detach = std::get_if<hc::RemoveAttachment>(&command)) {
    remove(detach->session, detach->attachment);
  } else if (auto* lost = std::get_if<hc::PeerLost>(&command)) {
    if (Peer* const peer = find(lost->session)) {
      for (const auto& hosted : peer->attachments) hosted->attachment.peer_lost(now);
    }
  } else if (auto* reply = std::get_if<hc::Reply>(&command)) {
    if (auto* const hosted = find(reply->session, reply->reply.attachment)) {
      hosted->attachment.receive(std::move(reply->reply), now);
    }
  } else if (auto* opened = std::get_if<hc::Opened>(&command)) {
    if (auto* const hosted = find(opened->session, opened->opened.attachment)) {
      hosted->attachment.stream_opened(opened->opened, now);
    }
  } else if (auto* want = std::get_if<hc::WantStatus>(&command)) {
    if (auto* const hosted = find(want->session, want->attachment)) {
      auto status = std::make_unique<host::AttachmentStatus>(hosted->attachment.status());
      events_.send(host_event::Status{want->session, want->attachment, std::move(status)});
    }
  }
}

void HostUsbLoop::remove(SessionHandle session, AttachmentId attachment) {
  Peer* const peer = find(session);
  if (peer == nullptr) return;
  const auto hosted = std::find_if(peer->attachments.begin(), peer->attachments.end(),
                                   [&](const auto& a) { return a->id == attachment; });
  if (hosted == peer->attachments.end()) return;
  (*hosted)->streams.close_all();
  host_event::Removed removed{session, attachment, std::move(*hosted)};
  peer->attachments.erase(hosted);
  events_.send(std::move(removed));
}

Instant HostUsbLoop::next_deadline() const {
  Instant next = kNever;
  for (const auto& peer : peers_) {
    if (peer->links->inbound.pending() > 0) return Instant{};
    for (const auto& hosted : peer->attachments)
      next = std::min(next, hosted->attachment.next_deadline());
  }
  return next;
}

void HostUsbLoop::append_descriptors(std::vector<int>& readable) const {
  for (const auto& peer : peers_) {
    for (const auto& hosted : peer->attachments) hosted->socket->append_descriptors(readable);
  }
}

bool HostUsbLoop::is_live() const {
  return std::any_of(peers_.begin(), peers_.end(), [](const auto& peer) {
    return std::any_of(peer->attachments.begin(), peer->attachments.end(),
                       [](const auto& hosted) { return hosted->attachment.has_live_streams(); });
  });
}

}  // namespace usbgw::node

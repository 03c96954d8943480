// What passes through the host's control thread: the agent's messages to the USB worker, and the
// USB worker's events to the agent.
#include "node/host_control_state.h"
#include "wire/session_codec.h"

namespace usbgw::node {

void HostControl::dispatch(Peer& peer, control::Message&& message, Instant now) {
  if (message.type == wire::MessageType::urb_reply) {
    auto reply = wire::decode_urb_reply(message.body);
    if (!reply)
      return peer.session->close(peer.name + " sent an answer to a URB that does not decode");
    usb_.post(host_command::Reply{peer.session->handle(), std::move(*reply)});
  } else if (message.type == wire::MessageType::session) {
    auto decoded = wire::decode_session(message.body);
    if (!decoded && decoded.error() == wire::WireError::unknown_type) return;  // a newer peer's
    if (!decoded)
      return peer.session->close(peer.name + " sent a session message that does not decode");
    dispatch(peer, std::move(*decoded), now);
  } else {
    peer.session->close(peer.name + " sent a message that only a host sends");
  }
}

void HostControl::dispatch(Peer& peer, wire::SessionMessage&& message, Instant now) {
  if (auto* attached = std::get_if<wire::Attached>(&message)) {
    granted(peer, std::move(*attached));
  } else if (auto* refused = std::get_if<wire::Refused>(&message)) {
    for (const auto& record : records_) {
      if (record->peer == &peer && record->phase == AttachmentPhase::requested &&
          record->request == refused->request) {
        fail_or_retry(*record, refused->text, now);
      }
    }
  } else if (auto* gone = std::get_if<wire::DeviceGone>(&message)) {
    if (Record* const record = record_of(peer.session->handle(), gone->attachment)) {
      record->agent_knows = false;
      unplug(*record, gone->reason, now);
    }
  } else if (auto* exports = std::get_if<wire::Exports>(&message)) {
    peer.exports = std::make_unique<std::vector<wire::ExportInfo>>(std::move(exports->exports));
  } else if (auto* opened = std::get_if<wire::StreamOpened>(&message)) {
    usb_.post(host_command::Opened{peer.session->handle(), *opened});
  } else if (const auto* key = std::get_if<wire::KeyEpoch>(&message)) {
    peer.session->take(*key, now);
  }
}

std::size_t HostControl::run_events(Instant now) {
  namespace he = host_event;
  std::size_t work = 0;
  HostEvent event;
  while (usb_.take(event)) {
    ++work;
    if (auto* submit = std::get_if<he::Submit>(&event)) {
      Peer* const peer = peer_of(submit->session);
      if (peer == nullptr) continue;
      const auto message_class = submit->urb.type == TransferType::bulk
                                     ? control::MessageClass::bulk
                                     : control::MessageClass::control;
      peer->session->send(message_class, wire::MessageType::urb_submit, wire::encode(submit->urb));
    } else if (auto* cancel = std::get_if<he::Cancel>(&event)) {
      // In the bulk class: a cancel must not overtake the submit it cancels, nor need it overtake
      // anything.
      if (Peer* const peer = peer_of(cancel->session)) {
        peer->session->send(control::MessageClass::bulk, wire::MessageType::urb_cancel,
                            wire::encode(cancel->cancel));
      }
    } else if (auto* open = std::get_if<he::Open>(&event)) {
      if (Peer* const peer = peer_of(open->session))
        peer->session->send(wire::SessionMessage{open->open});
    } else if (auto* close = std::get_if<he::Close>(&event)) {
      if (Peer* const peer = peer_of(close->session))
        peer->session->send(wire::SessionMessage{close->close});
    } else if (auto* taken = std::get_if<he::Taken>(&event)) {
      if (Peer* const peer = peer_of(taken->session))
        peer->session->send(wire::SessionMessage{taken->taken});
    } else if (auto* margin = std::get_if<he::Margin>(&event)) {
      if (Peer* const peer = peer_of(margin->session))
        peer->session->send(wire::SessionMessage{margin->margin});
    } else if (auto* closed = std::get_if<he::Closed>(&event)) {
      if (Record* const record = record_of(closed->session, closed->attachment)) {
        unplug(*record, "the kernel unplugged it", now);
        if (!record->removal_posted) {
          record->removal_posted = true;
          usb_.post(host_command::RemoveAttachment{closed->session, closed->attachment});
        }
      }
    } else if (auto* removed = std::get_if<he::Removed>(&event)) {
      if (Record* const record = record_of(removed->session, removed->attachment))
        record->removed = true;
    } else if (auto* status = std::get_if<he::Status>(&event)) {
      if (Record* const record = record_of(status->session, status->attachment)) {
        record->status = std::move(status->status);
        record->status_wanted = false;
      }
    }
  }
  return work;
}

}  // namespace usbgw::node

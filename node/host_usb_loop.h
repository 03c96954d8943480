// The host role's USB worker: turns every HostAttachment, hands them what the sessions delivered,
// and joins them to the control thread by two rings.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "common/loop.h"
#include "node/ring_sender.h"
#include "node/session_links.h"
#include "node/stream_commands.h"
#include "node/usb_sessions.h"
#include "usbside/host/host_attachment.h"

namespace usbgw::node {

// One attachment with what it stands on; built by the control thread, destroyed by it.
struct HostedAttachment;

// Control thread to USB worker.
namespace host_command {
struct AddSession {
  SessionHandle session;
  std::shared_ptr<SessionLinks> links;
};
struct RemoveSession {  // its attachments must be gone
  SessionHandle session;
};
struct AddAttachment {
  SessionHandle session;
  host::RemoteDevice device;
  host::PlayoutConfig playout;
  RepairConfig repair;
  std::unique_ptr<host::VhciSocket> socket;
  std::size_t max_payload = 0;  // of datagrams with its isochronous data; 0: the path's
};
struct RemoveAttachment {
  SessionHandle session;
  AttachmentId attachment;
};
struct PeerLost {
  SessionHandle session;
};
struct Reply {
  SessionHandle session;
  wire::UrbReply reply;
};
struct Opened {
  SessionHandle session;
  wire::StreamOpened opened;
};
struct WantStatus {
  SessionHandle session;
  AttachmentId attachment;
};
}  // namespace host_command

using HostCommand =
    std::variant<std::monostate, host_command::AddSession, host_command::RemoveSession,
                 host_command::AddAttachment, host_command::RemoveAttachment,
                 host_command::PeerLost, host_command::Reply, host_command::Opened,
                 host_command::WantStatus>;

// USB worker to control thread.
namespace host_event {
struct Closed {  // vhci closed its end
  SessionHandle session;
  AttachmentId attachment;
};
struct Removed {
  SessionHandle session;
  AttachmentId attachment;
  std::unique_ptr<host::HostAttachmentSink>
      object;  // everything the attachment was, to be destroyed here
};
struct Submit {
  SessionHandle session;
  wire::UrbSubmit urb;
};
struct Cancel {
  SessionHandle session;
  wire::UrbCancel cancel;
};
struct Open {
  SessionHandle session;
  wire::StreamOpen open;
};
struct Close {
  SessionHandle session;
  wire::StreamClose close;
};
struct Taken {
  SessionHandle session;
  wire::StreamTaken taken;
};
struct Margin {
  SessionHandle session;
  wire::StreamMargin margin;
};
struct Status {
  SessionHandle session;
  AttachmentId attachment;
  std::unique_ptr<host::AttachmentStatus> status;
};
}  // namespace host_event

using HostEvent =
    std::variant<std::monostate, host_event::Closed, host_event::Removed, host_event::Submit,
                 host_event::Cancel, host_event::Open, host_event::Close, host_event::Taken,
                 host_event::Margin, host_event::Status>;

class HostUsbLoop : public Loop {
 public:
  HostUsbLoop(Waker& self, Waker& control, Waker& packet);
  ~HostUsbLoop() override;

  // Control thread.
  void post(HostCommand&& command) { commands_.send(std::move(command)); }
  void flush_commands() { commands_.flush(); }
  [[nodiscard]] bool take(HostEvent& event) { return events_.take(event); }

  // USB worker.
  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;
  void polled(const ReadyDescriptors& ready) override;
  void not_asked() override { polled(ReadyDescriptors({})); }
  [[nodiscard]] bool is_live() const override;

 private:
  void run(HostCommand& command, Instant now);
  static void follow_path(UsbSession<HostedAttachment>& session);
  void remove(SessionHandle handle, AttachmentId attachment);

  RingSender<HostCommand> commands_;
  RingSender<HostEvent> events_;
  Waker& packet_;
  UsbSessions<HostedAttachment> sessions_;
};

}  // namespace usbgw::node

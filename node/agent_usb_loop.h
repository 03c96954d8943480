// The agent role's USB worker: turns every DeviceAttachment and its device, hands them what the
// sessions delivered, and joins them to the control thread by two rings.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "common/loop.h"
#include "node/ring_sender.h"
#include "node/session_links.h"
#include "node/stream_commands.h"
#include "node/usb_sessions.h"
#include "usbside/device/device_attachment.h"
#include "usbside/device/usb_device.h"

namespace usbgw::node {

// One attachment with its device; built by the control thread, destroyed by it.
struct ServedDevice;

namespace agent_command {
struct AddSession {
  SessionHandle session;
  std::shared_ptr<SessionLinks> links;
};
struct RemoveSession {  // its attachments must be gone
  SessionHandle session;
};
struct Add {  // claims the device first; answered by Claimed
  SessionHandle session;
  AttachmentId attachment;
  std::unique_ptr<device::UsbDevice> device;
  device::StreamTuning tuning;
  RepairConfig repair;
  std::size_t max_payload = 0;  // of datagrams with its isochronous data; 0: the path's
};
struct Detach {  // drains, releases the device; answered by Detached
  SessionHandle session;
  AttachmentId attachment;
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
}  // namespace agent_command

using AgentCommand =
    std::variant<std::monostate, agent_command::AddSession, agent_command::RemoveSession,
                 agent_command::Add, agent_command::Detach, agent_command::Submit,
                 agent_command::Cancel, agent_command::Open, agent_command::Close,
                 agent_command::Taken, agent_command::Margin>;

namespace agent_event {
struct Claimed {
  SessionHandle session;
  AttachmentId attachment;
  UrbStatus status = UrbStatus::ok;
};
struct Detached {
  SessionHandle session;
  AttachmentId attachment;
  std::unique_ptr<device::DeviceAttachmentSink>
      object;  // everything the attachment was, to be destroyed here
};
struct Gone {  // unplugged
  SessionHandle session;
  AttachmentId attachment;
};
struct Reply {
  SessionHandle session;
  TransferType type = TransferType::control;
  wire::UrbReply reply;
};
struct Opened {
  SessionHandle session;
  wire::StreamOpened opened;
};
}  // namespace agent_event

using AgentEvent = std::variant<std::monostate, agent_event::Claimed, agent_event::Detached,
                                agent_event::Gone, agent_event::Reply, agent_event::Opened>;

class AgentUsbLoop : public Loop {
 public:
  AgentUsbLoop(Waker& self, Waker& control, Waker& packet);
  ~AgentUsbLoop() override;

  // Control thread.
  void post(AgentCommand&& command) { commands_.send(std::move(command)); }
  void flush_commands() { commands_.flush(); }
  [[nodiscard]] bool take(AgentEvent& event) { return events_.take(event); }

  // USB worker.
  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void polled(const ReadyDescriptors& ready) override;
  void not_asked() override;
  [[nodiscard]] bool is_live() const override;

 private:
  void run(AgentCommand& command, Instant now);
  std::size_t turn_devices(UsbSession<ServedDevice>& session, Instant now);

  RingSender<AgentCommand> commands_;
  RingSender<AgentEvent> events_;
  Waker& packet_;
  UsbSessions<ServedDevice> sessions_;
};

}  // namespace usbgw::node

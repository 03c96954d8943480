// The host role's control thread: keeps connections to its agents, asks for devices, plugs them
// into vhci one after another, carries their URBs between the USB worker and the channel, and
// unplugs them so that no port is left behind.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/loop.h"
#include "node/host_usb_loop.h"
#include "node/peer_session.h"
#include "node/session_numbers.h"
#include "usbside/host/vhci_ports.h"

namespace usbgw::node {

// Makes connections to peers by their configured names: TLS, or the simulated channel.
class ChannelMaker {
 public:
  virtual ~ChannelMaker() = default;
  // A channel that is connecting, or why it cannot be tried now; does not block, and is asked
  // again.
  [[nodiscard]] virtual Result<std::unique_ptr<control::ReliableChannel>> connect(
      const std::string& peer, Instant now) = 0;
};

struct WantedAttachment {
  std::string peer;
  std::string device;  // an export id, or vid:pid[:serial]
  std::optional<host::VhciPort> port;
  host::PlayoutConfig playout;
  RepairConfig repair;
  bool keep = true;  // attach again when the peer or the device comes back
};

using AttachmentHandle = Strong<struct AttachmentHandleTag, std::uint32_t>;

enum class AttachmentPhase : std::uint8_t {
  waiting,      // for the peer, or for the next try
  requested,    // the agent was asked
  plugging,     // granted; waits for its turn at vhci
  enumerating,  // plugged; the kernel is getting to know it
  live,
  unplugging,
  failed,  // not kept, and the last try failed: see error
  ended,   // detached on request
};
[[nodiscard]] std::string_view to_string(AttachmentPhase phase);

struct AttachmentView {
  AttachmentHandle handle;
  std::string peer;
  std::string device;
  std::string product;
  AttachmentPhase phase{};
  std::string error;  // why it is not live, one line
  std::optional<host::VhciPort> port;
  bool is_granted = false;
  Speed speed = Speed::full;                       // once granted
  const host::AttachmentStatus* status = nullptr;  // newest; null until asked for
};

struct PeerView {
  std::string name;
  std::string address;
  PeerSession::State state{};
  std::string error;  // why the last connection ended
  session::SessionCounters counters;
  PathEstimate path;
  std::size_t path_payload = 0;
  std::vector<session::PathStatus> paths;                  // with two of them, else empty
  const std::vector<wire::ExportInfo>* exports = nullptr;  // newest answer; null until asked for
};

class HostControl : public Loop {
 public:
  HostControl(const LocalNode& local, ChannelMaker& channels, host::VhciPorts& ports,
              HostUsbLoop& usb, PacketLoop& packets, SessionNumbers& numbers, Log& log);
  ~HostControl() override;

  // `address` is for people: where the peer is looked for.
  void add_peer(const std::string& name, const std::string& address = {});
  // Errors: not_found (no such peer), busy, refused (this node stops). The attachment goes on
  // by itself; follow it in attachments().
  [[nodiscard]] Result<AttachmentHandle> attach(WantedAttachment wanted);
  [[nodiscard]] Result<void> detach(AttachmentHandle attachment);
  // Nobody wants it any more: detaches it, and forgets it then.
  void withdraw(AttachmentHandle attachment, const std::string& why);
  // One that has failed or ended; else the next attach() of the same device forgets it.
  void forget(AttachmentHandle attachment);
  void request_exports(const std::string& peer);
  void request_status();
  // True when every status asked for has come.
  [[nodiscard]] bool has_status() const;

  [[nodiscard]] std::vector<AttachmentView> attachments() const;
  [[nodiscard]] std::vector<PeerView> peers() const;

  // Unplugs everything and closes; is_stopped() when nothing is left.
  void stop();
  [[nodiscard]] bool is_stopped() const;

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;

  // An event of the packet loop that concerns one of this role's sessions; false when it does not.
  [[nodiscard]] bool take(PacketEvent& event, Instant now);

 private:
  struct Peer;
  struct Record;

  std::size_t turn_peer(Peer& peer, Instant now);
  std::size_t connect(Peer& peer, Instant now);
  std::size_t leave(Peer& peer, Instant now);
  void opened(Peer& peer, Instant now);
  void watch_path(Peer& peer, Instant now);
  void closed(Peer& peer, Instant now);
  void dispatch(Peer& peer, control::Message&& message, Instant now);
  void dispatch(Peer& peer, wire::SessionMessage&& message, Instant now);
  void granted(Peer& peer, wire::Attached&& attached);
  std::size_t run_events(Instant now);
  // host_attachments.cpp; each step returns the work done.
  std::size_t step(Record& record, Instant now);
  std::size_t request(Record& record, Instant now);
  std::size_t wait_for_turn(Record& record, Instant now);
  std::size_t watch_enumeration(Record& record, Instant now);
  std::size_t watch_unplugging(Record& record, Instant now);
  void plug(Record& record, Instant now);
  [[nodiscard]] bool is_port_leaving(const Record& record) const;
  void unplug(Record& record, std::string why, Instant now);
  void finish(Record& record, Instant now);
  void fail_or_retry(Record& record, std::string why, Instant now);
  void tell(Record& record, const std::string& what);
  void tell(Peer& peer, const std::string& what);
  [[nodiscard]] Peer* peer_of(SessionHandle session);
  [[nodiscard]] Peer* peer_named(const std::string& name);
  [[nodiscard]] Record* record_of(SessionHandle session, AttachmentId attachment);
  [[nodiscard]] Record* record_of(AttachmentHandle handle);
  [[nodiscard]] static bool is_over(const Record& record);

  const LocalNode& local_;
  ChannelMaker& channels_;
  host::VhciPorts& ports_;
  HostUsbLoop& usb_;
  PacketLoop& packets_;
  SessionNumbers& numbers_;
  Log& log_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Record>> records_;
  std::uint32_t next_handle_ = 1;
  std::uint64_t next_request_ = 1;
  bool stopping_ = false;
};

}  // namespace usbgw::node

// The control thread's one loop: both roles, the packet worker's reports, and the requests of
// people on the admin socket, which are answered when the roles have done what was asked.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "control/admin_server.h"
#include "control/audit_log.h"
#include "node/agent_control.h"
#include "node/host_control.h"

namespace usbgw::node {

struct NodeDescription {
  std::string name;
  std::string version;
  std::string port;                     // as configured
  host::PlayoutConfig default_playout;  // of attachments that the configuration does not name
  RepairConfig default_repair;
};

class NodeControl final : public Loop, public control::AdminHandler {
 public:
  // `agent` or `host` may be null.
  NodeControl(NodeDescription description, std::vector<PacketLoop*> packets, AgentControl* agent,
              HostControl* host);

  // The server that this handler answers through; not owned.
  void answer_through(control::AdminServer& server) { server_ = &server; }

  // Whose failures status() tells; not owned.
  void watch(const control::AuditSink& audit) { audit_ = &audit; }

  // Any thread: gives every device back and unplugs every port; is_stopped() when that is done.
  void request_stop() { stop_requested_.store(true, std::memory_order_release); }
  [[nodiscard]] bool is_stopped() const { return stopped_.load(std::memory_order_acquire); }

  void list(control::AdminToken token, const control::ListRequest& request) override;
  void attach(control::AdminToken token, const control::AttachRequest& request) override;
  void detach(control::AdminToken token, const control::DetachRequest& request) override;
  void status(control::AdminToken token, const control::StatusRequest& request) override;
  void withdraw(control::AdminToken token) override;

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;

 private:
  enum class Kind : std::uint8_t { list, attach, detach, status };
  struct Pending {
    control::AdminToken token;
    Kind kind{};
    Instant deadline{};
    AttachmentHandle attachment;  // attach, detach
    std::string peer;             // list: only this one, empty: all; detach: whose device
    std::string device;           // detach
    Duration wait{};              // attach: how long for a peer that is not connected
    Instant wait_end{};
  };

  void take_events();
  void add_port(const PacketLoop& packets, const PacketEvent& event);
  void run_stop();
  [[nodiscard]] bool settle(const Pending& pending, Instant now);
  [[nodiscard]] bool settle_list(const Pending& pending, bool is_late, Instant now);
  [[nodiscard]] bool settle_attach(const Pending& pending, Instant now);
  // Why an attachment that waits for its peer need not wait any longer.
  [[nodiscard]] std::optional<Error> missed_peer(const Pending& pending,
                                                 const AttachmentView& attachment,
                                                 Instant now) const;
  [[nodiscard]] bool settle_detach(const Pending& pending, bool is_late);
  [[nodiscard]] bool settle_status(const Pending& pending, bool is_late, Instant now);
  [[nodiscard]] Result<std::string> peer_for(const control::AttachRequest& request) const;

  NodeDescription description_;
  std::vector<PacketLoop*> packets_;
  AgentControl* agent_;
  HostControl* host_;
  std::map<std::string, std::uint64_t> port_counters_;  // of all ports together
  std::size_t unread_ports_ = 0;  // whose counters were asked for and have not come
  control::AdminServer* server_ = nullptr;
  const control::AuditSink* audit_ = nullptr;
  std::vector<Pending> pending_;
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> stopped_{false};
  bool stopping_ = false;
  Instant now_{};
  Instant started_{};
};

}  // namespace usbgw::node

// The agent role's control thread: accepts hosts, tells them what is exported, grants devices to
// one host at a time, and carries URBs between the channels and the USB worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/loop.h"
#include "node/agent_usb_loop.h"
#include "node/peer_session.h"
#include "node/session_numbers.h"
#include "usbside/device/device_provider.h"

namespace usbgw::node {

// Gives the connections that hosts have made: a TLS listener, or the simulated one.
class ChannelAcceptor : public Loop {
 public:
  [[nodiscard]] virtual std::unique_ptr<control::ReliableChannel> accept(
      Instant now) = 0;  // null: none waits
};

// Who may have what. Default: nobody anything; the wiring gives the configured rules.
class AccessPolicy {
 public:
  virtual ~AccessPolicy() = default;
  // The reason for a refusal, one line; nothing when `peer` may use `device`.
  [[nodiscard]] virtual std::optional<std::string> refuses(const std::string& peer,
                                                           const device::PresentDevice& device) = 0;
};

struct ExportRule {
  std::string device;  // vid:pid[:serial], or software:NAME
  std::string policy = "exclusive";
  device::StreamTuning tuning;
  RepairConfig repair;
};

class AgentControl : public Loop {
 public:
  AgentControl(const LocalNode& local, std::vector<ExportRule> exports, ChannelAcceptor& acceptor,
               device::DeviceProvider& devices, AccessPolicy& access, AgentUsbLoop& usb,
               PacketLoop& packets, SessionNumbers& numbers);
  ~AgentControl() override;

  // What is exported, with its holder; reads the bus.
  [[nodiscard]] std::vector<wire::ExportInfo> exports(Instant now);

  struct PeerReport {
    std::string name;
    session::SessionCounters counters;
    PathEstimate path;
    std::size_t path_payload = 0;
  };
  [[nodiscard]] std::vector<PeerReport> peers() const;

  // Gives every device back and closes; is_stopped() when nothing is left.
  void stop();
  [[nodiscard]] bool is_stopped() const { return stopping_ && connections_.empty(); }

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;
  [[nodiscard]] bool take(PacketEvent& event);

 private:
  struct Serving;
  struct Connection;

  std::size_t turn_connection(Connection& connection, Instant now);
  void leave(Connection& connection);
  void dispatch(Connection& connection, control::Message&& message, Instant now);
  void dispatch(Connection& connection, wire::SessionMessage&& message, Instant now);
  void attach(Connection& connection, const wire::Attach& request, Instant now);
  [[nodiscard]] Result<device::PresentDevice> choose(const Connection& connection,
                                                     const std::string& device,
                                                     const ExportRule*& rule);
  void detach(Connection& connection, Serving& serving);
  std::size_t run_events();
  void claimed(Connection& connection, Serving& serving, UrbStatus status);
  [[nodiscard]] Connection* connection_of(SessionHandle session);
  [[nodiscard]] Serving* serving_of(Connection& connection, AttachmentId attachment);
  [[nodiscard]] const ExportRule* rule_for(const device::PresentDevice& device) const;
  struct Holder {
    std::string name;
    Instant since{};
  };
  [[nodiscard]] std::optional<Holder> holder_of(const std::string& device) const;

  const LocalNode& local_;
  std::vector<ExportRule> exports_;
  ChannelAcceptor& acceptor_;
  device::DeviceProvider& devices_;
  AccessPolicy& access_;
  AgentUsbLoop& usb_;
  PacketLoop& packets_;
  SessionNumbers& numbers_;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool stopping_ = false;
};

}  // namespace usbgw::node

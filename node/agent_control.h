// The agent role's control thread: accepts hosts, tells them what is exported, grants devices to
// one host at a time by lease, and carries URBs between the channels and the USB worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/loop.h"
#include "node/agent_usb_loop.h"
#include "node/export_desk.h"
#include "node/peer_session.h"
#include "node/session_numbers.h"

namespace usbgw::node {

inline constexpr std::size_t kMaxHostConnections = 32;
// Of one authenticated name: hosts may share a pre-shared key, and a connection whose host lost its
// network stands until it is missed.
inline constexpr std::size_t kMaxConnectionsOfAName = 8;

// Gives the connections that hosts have made: a TLS listener, or the simulated one.
class ChannelAcceptor : public Loop {
 public:
  [[nodiscard]] virtual std::unique_ptr<control::ReliableChannel> accept(
      Instant now) = 0;  // null: none waits
};

class AgentControl : public Loop {
 public:
  AgentControl(const LocalNode& local, ExportDesk& exports, ChannelAcceptor& acceptor,
               AgentUsbLoop& usb, PacketLoop& packets, SessionNumbers& numbers, Log& log);
  ~AgentControl() override;

  // All that is exported, with its holder; reads the bus.
  [[nodiscard]] std::vector<wire::ExportInfo> exports(Instant now) { return exports_.list(now); }

  struct PeerReport {
    std::string name;
    session::SessionCounters counters;
    PathEstimate path;
    std::size_t path_payload = 0;
    std::vector<session::PathStatus> paths;  // with two of them, else empty
  };
  [[nodiscard]] std::vector<PeerReport> peers() const;

  // Gives every device back and closes; is_stopped() when nothing is left.
  void stop();
  [[nodiscard]] bool is_stopped() const { return stopping_ && connections_.empty(); }

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;
  [[nodiscard]] bool take(PacketEvent& event, Instant now);

 private:
  struct Serving;
  struct Connection;

  std::size_t accept(Instant now);
  [[nodiscard]] bool has_too_many(const std::string& name) const;
  std::size_t turn_connection(Connection& connection, Instant now);
  void keep_leases(Instant now);
  void look_for_exports(Instant now);
  void leave(Connection& connection, Instant now);
  void dispatch(Connection& connection, control::Message&& message, Instant now);
  void dispatch(Connection& connection, wire::SessionMessage&& message, Instant now);
  void attach(Connection& connection, const wire::Attach& request, Instant now);
  void open_queued(Instant now);
  void open(Connection& connection, Serving& serving, Instant now);
  void refuse(Connection& connection, std::uint64_t request, const std::string& device,
              const Error& error);
  void detach(Connection& connection, Serving& serving, const std::string& why, Instant now);
  std::size_t run_events(Instant now);
  void claimed(Connection& connection, Serving& serving, UrbStatus status, Instant now);
  [[nodiscard]] AttachmentId next_attachment(Connection& connection);
  static void end_serving(Connection& connection, AttachmentId attachment);
  [[nodiscard]] Connection* connection_of(SessionHandle session);
  [[nodiscard]] Serving* serving_of(Connection& connection, AttachmentId attachment);
  [[nodiscard]] bool is_being_given_back(const std::string& device) const;

  const LocalNode& local_;
  ExportDesk& exports_;
  ChannelAcceptor& acceptor_;
  AgentUsbLoop& usb_;
  PacketLoop& packets_;
  SessionNumbers& numbers_;
  Log& log_;
  Instant next_renewal_{};
  Instant next_look_{};
  std::vector<std::unique_ptr<Connection>> connections_;
  bool stopping_ = false;
};

}  // namespace usbgw::node

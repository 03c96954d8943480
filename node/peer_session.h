// One connection to one peer as the control thread sees it: the reliable channel, the greeting, the
// datagram session that the greeting sets up, and the messages after it. Both roles are built on
// it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "common/ip_mtu.h"
#include "common/log.h"
#include "common/loop.h"
#include "control/reliable_channel.h"
#include "node/key_rotation.h"
#include "node/packet_loop.h"
#include "node/path_watch.h"
#include "node/session_links.h"
#include "wire/session_message.h"

namespace usbgw::node {

inline constexpr std::uint32_t kProtocol = 1;

// Who we are, towards every peer.
struct LocalNode {
  std::string name;
  std::string version;
  UdpEndpoint dataplane;            // where we receive datagrams
  std::size_t max_datagram = 1452;  // largest UDP payload that our port takes; with two, both
  std::optional<UdpEndpoint> second_path;  // where the second port receives, if there is one
  LinkSizes links;
};

class PeerSession {
 public:
  enum class State : std::uint8_t { connecting, greeting, open, closed };

  // `numbers` gives the indices that name the session in the datagrams that we receive.
  PeerSession(SessionHandle handle, std::unique_ptr<control::ReliableChannel> channel,
              const LocalNode& local, bool is_host, SessionNumbers& numbers, PacketLoop& packets);

  // Drives the channel and the greeting.
  std::size_t turn(Instant now);
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] SessionHandle handle() const { return handle_; }
  // From open on.
  [[nodiscard]] const std::string& peer() const { return peer_name_; }
  // As soon as the channel is open.
  [[nodiscard]] const std::string& authenticated_peer() const { return channel_->peer(); }
  [[nodiscard]] const std::string& close_reason() const;
  // UDP payload of an IP packet of this size between us; 0 stays 0. From open on.
  [[nodiscard]] std::size_t payload_of(std::size_t packet_bytes) const {
    return packet_bytes == 0 ? 0 : udp_payload(packet_bytes, is_v4_);
  }
  // The links of the datagram session; set once, when the state becomes open.
  [[nodiscard]] const std::shared_ptr<SessionLinks>& links() const { return links_; }

  // Messages after the greeting.
  [[nodiscard]] std::optional<control::Message> receive();
  // What the channel does not take waits here; a peer that lets far more pile up than its own URBs
  // can is disconnected.
  void send(const wire::SessionMessage& message);
  void send(control::MessageClass message_class, wire::MessageType type,
            std::vector<std::byte>&& body);
  void close(std::string reason);
  // The datagram session leaves the packet worker; the worker's `removed` event ends it.
  void remove_datagrams();

  // The peer's next datagram key; one that it may not give ends the connection.
  void take(const wire::KeyEpoch& next, Instant now);
  // What the packet worker reports of the datagram session, or wants for it.
  void take(const PacketEvent& event, Instant now);
  // What that says of its paths, for the log.
  [[nodiscard]] std::optional<PathWatch::News> take_path_news();

  [[nodiscard]] Instant next_deadline() const;
  void append_descriptors(std::vector<int>& readable) const {
    channel_->append_descriptors(readable);
  }
  void append_writable(std::vector<int>& writable) const { channel_->append_writable(writable); }

 private:
  void greet();
  void take_greeting(Instant now);
  [[nodiscard]] Result<void> start_datagrams(const wire::Hello& hello, Instant now);
  void hand_over_repair_window();
  void watch_paths(const PacketEvent& report, Instant now);
  std::size_t flush();

  SessionHandle handle_;
  std::unique_ptr<control::ReliableChannel> channel_;
  const LocalNode& local_;
  bool is_host_;
  SessionNumbers& numbers_;
  session::SessionIndex index_;  // of key epoch 0
  PacketLoop& packets_;
  State state_ = State::connecting;
  std::string peer_name_;
  bool is_v4_ = false;  // what carries the datagrams
  std::string reason_;
  std::shared_ptr<SessionLinks> links_;
  std::size_t max_payload_ = 0;  // of its datagrams
  bool datagrams_added_ = false;
  std::optional<KeyRotation> rotation_;               // from the greeting on
  std::unique_ptr<fec::RepairWindow> repair_window_;  // that the packet worker could not take yet
  std::optional<PathWatch> paths_;                    // with two
  std::deque<PathWatch::News> path_news_;
  struct Waiting {
    control::MessageClass message_class;
    control::Message message;
  };
  std::deque<Waiting> waiting_control_;
  std::deque<Waiting> waiting_bulk_;
  std::size_t waiting_bytes_ = 0;
};

void tell_paths(PeerSession& session, Log& log);

}  // namespace usbgw::node

// The packet worker's duty cycle for one port queue, or for the two of a node with two paths:
// receive a burst, route by session index, let each session open, repair and deliver; then take
// what the USB workers published, seal and transmit.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/loop.h"
#include "dataplane/session/datagram_port.h"
#include "dataplane/session/session.h"
#include "node/session_links.h"

namespace usbgw::node {

inline constexpr std::size_t kMaxPortCounters = 40;
// On one port, those of both roles together.
inline constexpr std::size_t kMaxSessions = 64;

struct PacketCommand {
  enum class Kind : std::uint8_t {
    add,
    remove,
    read_port,
    rotate_receive,
    rotate_transmit,
    repair_window
  };
  Kind kind{};
  SessionHandle handle;
  std::shared_ptr<SessionLinks> links;  // the session gives them back what it holds when it goes
  std::unique_ptr<session::Session>
      session;  // add: built by the control thread, so nothing is allocated here
  std::unique_ptr<session::ReceiveEpoch> receive_epoch;
  std::unique_ptr<session::TransmitEpoch> transmit_epoch;
  std::unique_ptr<fec::RepairWindow> repair_window;
};

struct PacketEvent {
  enum class Kind : std::uint8_t { removed, report, port, rotated, wants_repair_window };
  Kind kind{};
  SessionHandle handle;
  std::shared_ptr<SessionLinks> links;
  std::unique_ptr<session::Session> session;  // removed: goes home to be destroyed
  session::SessionCounters counters;          // report
  PathEstimate path;
  std::size_t path_payload = 0;
  std::array<session::PathStatus, kMaxPaths> paths;  // with two of them, else nothing
  std::size_t path_count = 0;
  std::uint64_t packets_under_key = 0;                   // Session::packets_under_key()
  std::uint32_t key_epoch = 0;                           // that they are of
  std::unique_ptr<session::ReceiveEpoch> receive_epoch;  // rotated: past, goes home
  std::unique_ptr<session::TransmitEpoch> transmit_epoch;
  std::array<std::uint64_t, kMaxPortCounters> port_counters{};  // port: one event for each
  std::size_t port_counter_count = 0;
};

// Of the workers that a packet loop has to do with.
struct PacketWakers {
  Waker& self;     // runs the loop: woken for commands
  Waker& usb;      // woken when items were published for it
  Waker& control;  // woken for events
};

class PacketLoop : public Loop {
 public:
  struct Counters {
    std::uint64_t unknown_session = 0;  // datagrams that name no session of ours
    std::uint64_t turns_with_work = 0;
  };

  // With a clock, what was
  // received is stamped after it was taken: the turn's own time is from before, and a datagram must
  // not seem to come earlier than it did, because the fastest path seen is what playout counts on.
  PacketLoop(const session::PathPorts& ports, PacketWakers wakers, const Clock* clock = nullptr);

  // Control thread. Refused: a session too many. Other commands are never lost: the ring is larger
  // than the number of sessions.
  [[nodiscard]] bool post(PacketCommand&& command);
  // For what can wait: refused while the ring is half full, so that sessions find room.
  [[nodiscard]] bool post_if_calm(PacketCommand&& command) {
    return commands_.size() < commands_.capacity() / 2 && post(std::move(command));
  }
  [[nodiscard]] bool take(PacketEvent& event) { return events_.pop(event); }
  [[nodiscard]] bool has_event() const { return !events_.empty(); }
  [[nodiscard]] std::size_t port_count() const { return ports_.ports[1] == nullptr ? 1 : 2; }
  // Asks for the ports' counters; a `port` event each brings them, unless the rings are full.
  void read_port() {
    PacketCommand command;
    command.kind = PacketCommand::Kind::read_port;
    static_cast<void>(post_if_calm(std::move(command)));
  }
  [[nodiscard]] std::string_view counter_name(std::size_t index) const {
    return ports_.ports[0]->counter_name(index);
  }

  // Packet worker.
  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  [[nodiscard]] bool is_live() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void polled(const ReadyDescriptors& ready) override;
  [[nodiscard]] bool must_poll() const override;
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Entry {
    SessionHandle handle;
    std::shared_ptr<SessionLinks> links;
    std::unique_ptr<session::Session> session;
    std::uint32_t open_streams = 0;
    Instant next_path{};
    Instant next_report{};
    bool has_asked_for_window = false;
    std::array<bool, kMaxPaths> answering{};  // as last reported, with two paths
  };

  // Moves `now` on to when the burst was taken: an answer must not leave before its question came.
  std::size_t receive(Instant& now, PathId path);
  std::size_t run_commands();
  std::size_t transmit(Instant now);
  void remove(SessionHandle handle);
  void rotate(PacketCommand&& command);
  void report_ports();
  template <class Visit>
  void for_each_port(Visit&& visit) const {
    for (session::DatagramPort* const port : ports_.ports)
      if (port != nullptr) visit(*port);
  }
  static void run_stream_commands(Entry& entry);
  void publish_path(Entry& entry, Instant now);
  void ask_for_repair_window(Entry& entry);
  void give_repair_window(PacketCommand&& command);
  [[nodiscard]] Entry* find(session::SessionIndex index);
  [[nodiscard]] Entry* find(SessionHandle handle);

  session::PathPorts ports_;
  PacketWakers wakers_;
  const Clock* clock_;
  std::vector<Entry> entries_;
  std::array<session::ReceivedDatagram, 32> burst_;  // of one turn
  // When each port last had nothing; each sleep comes after that.
  std::array<std::optional<Instant>, kMaxPaths> drained_;
  SpscRing<PacketCommand> commands_{256};
  std::size_t sessions_ = 0;  // control thread's: added and not removed, as far as it has asked
  SpscRing<PacketEvent> events_{1024};
  Counters counters_;
};

}  // namespace usbgw::node

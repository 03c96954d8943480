// An agent with everything it has in production but TLS and DPDK, under virtual time, and hosts
// whose messages the test writes by hand.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/agent_control.h"
#include "simulation/memory_channel.h"
#include "simulation/memory_port.h"
#include "simulation/seeded_numbers.h"
#include "simulation/virtual_clock.h"
#include "tests/node/listed_devices.h"
#include "wire/session_codec.h"
#include "wire/urb_message.h"

namespace usbgw::node {

class RecordedLog final : public Log {
 public:
  void write(LogLevel, std::string_view text) override { lines.emplace_back(text); }
  [[nodiscard]] std::ptrdiff_t count(std::string_view part) const {
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }
  [[nodiscard]] bool has(std::string_view part) const { return count(part) > 0; }
  std::vector<std::string> lines;
};

class RecordedAudit final : public control::AuditSink {
 public:
  void record(const control::AuditEvent& event) override { events.push_back(event); }
  // "grant room", in order.
  [[nodiscard]] std::vector<std::string> summary() const {
    std::vector<std::string> lines;
    for (const auto& event : events)
      lines.push_back(std::string(control::to_string(event.kind)) + " " + event.owner);
    return lines;
  }
  std::vector<control::AuditEvent> events;
};

// One end of a connection to the agent.
class TestHost {
 public:
  TestHost(std::string name, std::unique_ptr<simulation::MemoryChannel> channel)
      : name_(std::move(name)), channel_(std::move(channel)) {}

  void send(wire::MessageType type, std::vector<std::byte> body) {
    static_cast<void>(channel_->send(control::MessageClass::control, {type, std::move(body)}));
  }
  void send(const wire::SessionMessage& message) {
    send(wire::MessageType::session, wire::encode(message));
  }
  void greet() {
    wire::Hello hello;
    hello.protocol = kProtocol;
    hello.name = name_;
    hello.dataplane = {IpAddress::v4(0x0A140002), 49'600};
    hello.session_index = 77;
    hello.max_datagram = 1452;
    send(wire::SessionMessage{hello});
  }
  void hang_up() { channel_->close("test"); }
  // The agent's end takes nothing more, as a TCP connection whose window is closed.
  void stop_reading() { blocked = true; }
  [[nodiscard]] bool is_connected() const {
    return channel_->state() == control::ChannelState::open;
  }

  std::size_t turn(Instant now) {
    std::size_t work = channel_->turn(now);
    while (auto message = channel_->receive()) {
      ++work;
      if (message->type == wire::MessageType::urb_reply) {
        if (auto reply = wire::decode_urb_reply(message->body)) urb_replies.push_back(*reply);
      }
      if (message->type != wire::MessageType::session) continue;
      if (auto decoded = wire::decode_session(message->body)) inbox_.push_back(std::move(*decoded));
    }
    return work;
  }
  // The first message of a kind, taken out.
  template <class Kind>
  [[nodiscard]] std::optional<Kind> take() {
    for (auto at = inbox_.begin(); at != inbox_.end(); ++at) {
      if (!std::holds_alternative<Kind>(*at)) continue;
      Kind found = std::get<Kind>(std::move(*at));
      inbox_.erase(at);
      return found;
    }
    return std::nullopt;
  }
  template <class Kind>
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(inbox_.begin(), inbox_.end(),
                      [](const auto& message) { return std::holds_alternative<Kind>(message); }));
  }

  std::vector<wire::UrbReply> urb_replies;
  bool blocked = false;  // read by the agent's end

 private:
  std::string name_;
  std::unique_ptr<simulation::MemoryChannel> channel_;
  std::deque<wire::SessionMessage> inbox_;
};

class AgentBench {
 public:
  explicit AgentBench(std::vector<std::string> exports);

  // A host that has been greeted.
  TestHost& connect(const std::string& name);
  // One that has said nothing yet.
  TestHost& knock(const std::string& name);
  void run_for(Duration duration);
  void run() { run_for(std::chrono::milliseconds(20)); }
  // Attaches and gives the attachment's id.
  [[nodiscard]] AttachmentId attach(TestHost& host, const std::string& device);
  // The text with which an attachment is refused; empty when it is not.
  [[nodiscard]] wire::Refused refusal(TestHost& host, const std::string& device);
  // Stops the agent; false when something was left behind.
  [[nodiscard]] bool stop();

  simulation::VirtualClock clock;
  ListedDevices devices;
  std::map<std::string, std::string> denied;  // "peer" or "peer device": why
  RecordedLog log;
  RecordedAudit audit;
  control::MemoryLeaseStore store;
  control::MemoryPinStore pins;
  [[nodiscard]] AgentControl& agent() { return agent_; }

 private:
  // The agent's end of a channel, whose sending the host can block.
  struct AgentEnd;
  struct Acceptor final : ChannelAcceptor {
    std::size_t turn(Instant) override { return 0; }
    [[nodiscard]] Instant next_deadline() const override {
      return waiting.empty() ? kNever : Instant{};
    }
    [[nodiscard]] std::unique_ptr<control::ReliableChannel> accept(Instant) override {
      if (waiting.empty()) return nullptr;
      auto channel = std::move(waiting.front());
      waiting.pop_front();
      return channel;
    }
    std::deque<std::unique_ptr<control::ReliableChannel>> waiting;
  };
  struct Access final : AccessPolicy {
    explicit Access(const std::map<std::string, std::string>& list) : denied(list) {}
    [[nodiscard]] std::optional<std::string> refuses(const std::string& peer,
                                                     const device::PresentDevice& device) override {
      auto found = denied.find(peer);
      if (found == denied.end()) found = denied.find(peer + " " + device.id);
      return found == denied.end() ? std::nullopt : std::optional(found->second);
    }
    const std::map<std::string, std::string>& denied;
  };
  struct NoWaker final : Waker {
    void wake() override {}
  };
  std::size_t turn_all();

  std::vector<std::unique_ptr<TestHost>> hosts_;  // outlive the agent's ends
  NoWaker waker_;
  Acceptor acceptor_;
  Access access_{denied};
  control::LeaseManager leases_{store, audit};
  simulation::SeededNumbers numbers_{7};
  simulation::MemoryPort port_;
  LocalNode local_;
  PacketLoop packets_;
  AgentUsbLoop usb_;
  ExportDesk desk_;
  AgentControl agent_;
  std::uint64_t connections_ = 0;
};

}  // namespace usbgw::node

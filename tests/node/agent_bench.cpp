#include "tests/node/agent_bench.h"

#include <gtest/gtest.h>

namespace usbgw::node {
namespace {

constexpr std::size_t kPayload = 1452;
constexpr Duration kStep = std::chrono::milliseconds(1);

UdpEndpoint agent_endpoint() {
  return {IpAddress::v4(0x0A140001), 49'600};
}

LocalNode local_node() {
  LocalNode node;
  node.name = "stage";
  node.version = "test";
  node.dataplane = agent_endpoint();
  node.max_datagram = kPayload;
  return node;
}

std::vector<ExportRule> rules(const std::vector<std::string>& exports) {
  std::vector<ExportRule> rules;
  for (const std::string& device : exports) {
    rules.emplace_back();
    rules.back().device = device;
  }
  return rules;
}

}  // namespace

struct AgentBench::AgentEnd final : control::ReliableChannel {
  AgentEnd(std::unique_ptr<simulation::MemoryChannel> channel, const TestHost& other)
      : inner(std::move(channel)), host(other) {}
  bool send(control::MessageClass message_class, control::Message&& message) override {
    return !host.blocked && inner->send(message_class, std::move(message));
  }
  std::optional<control::Message> receive() override { return inner->receive(); }
  [[nodiscard]] control::ChannelState state() const override { return inner->state(); }
  [[nodiscard]] const std::string& close_reason() const override { return inner->close_reason(); }
  [[nodiscard]] const std::string& peer() const override { return inner->peer(); }
  Result<void> export_secret(std::string_view label, std::span<std::byte, 32> secret) override {
    return inner->export_secret(label, secret);
  }
  void close(std::string reason) override { inner->close(std::move(reason)); }
  std::size_t turn(Instant now) override { return inner->turn(now); }
  [[nodiscard]] Instant next_deadline() const override { return inner->next_deadline(); }

  std::unique_ptr<simulation::MemoryChannel> inner;
  const TestHost& host;
};

AgentBench::AgentBench(std::vector<std::string> exports)
    : port_(agent_endpoint(), kPayload),
      local_(local_node()),
      packets_(port_, {waker_, waker_, waker_}),
      usb_(waker_, waker_, waker_),
      desk_("stage", rules(exports), devices, access_, {leases_, pins}),
      agent_(local_, desk_, acceptor_, usb_, packets_, numbers_, log) {}

TestHost& AgentBench::knock(const std::string& name) {
  auto [ours, theirs] =
      simulation::MemoryChannel::make_pair(name, "stage", Duration{}, ++connections_);
  hosts_.push_back(std::make_unique<TestHost>(name, std::move(ours)));
  acceptor_.waiting.push_back(std::make_unique<AgentEnd>(std::move(theirs), *hosts_.back()));
  return *hosts_.back();
}

TestHost& AgentBench::connect(const std::string& name) {
  TestHost& host = knock(name);
  run();
  host.greet();
  run();
  EXPECT_TRUE(host.take<wire::Hello>().has_value());
  return host;
}

std::size_t AgentBench::turn_all() {
  const Instant now = clock.now();
  std::size_t work = packets_.turn(now);
  work += usb_.turn(now);
  work += agent_.turn(now);
  PacketEvent event;
  while (packets_.take(event)) static_cast<void>(agent_.take(event, now));
  for (const auto& host : hosts_) work += host->turn(now);
  return work;
}

void AgentBench::run_for(Duration duration) {
  const Instant end = clock.now() + duration;
  while (clock.now() < end) {
    for (int rounds = 0; turn_all() > 0; ++rounds) ASSERT_LT(rounds, 10'000);
    clock.advance_to(std::min(end, clock.now() + kStep));
  }
}

AttachmentId AgentBench::attach(TestHost& host, const std::string& device) {
  host.send(wire::SessionMessage{wire::Attach{1, device}});
  run();
  const auto attached = host.take<wire::Attached>();
  const auto refused = host.take<wire::Refused>();
  EXPECT_TRUE(attached.has_value()) << (refused ? refused->text : "no answer");
  return attached ? attached->attachment : AttachmentId{};
}

wire::Refused AgentBench::refusal(TestHost& host, const std::string& device) {
  host.send(wire::SessionMessage{wire::Attach{2, device}});
  run();
  EXPECT_FALSE(host.take<wire::Attached>().has_value());
  const auto refused = host.take<wire::Refused>();
  EXPECT_TRUE(refused.has_value());
  return refused.value_or(wire::Refused{});
}

bool AgentBench::stop() {
  agent_.stop();
  run();
  return agent_.is_stopped() && devices.open_devices() == 0 && store.list().empty();
}

}  // namespace usbgw::node

#include "node/packet_loop.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "simulation/virtual_clock.h"

namespace usbgw::node {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPayload = 1400;
constexpr std::array<std::byte, 32> kSecret{std::byte{7}};

// Delivers at once. What `preempted` does happens after a turn has begun and before it receives.
class PreemptedPort final : public session::DatagramPort {
 public:
  std::size_t receive(std::span<session::ReceivedDatagram> burst, Instant) override {
    if (preempted) preempted();
    std::size_t count = 0;
    for (; count < std::min(burst.size(), most) && !inbox.empty(); ++count) {
      held_.push_back(std::move(inbox.front()));
      inbox.pop_front();
      burst[count] = {{}, held_.back()};
    }
    return count;
  }
  void release() override { held_.clear(); }
  std::span<std::byte> reserve(const UdpEndpoint&, Instant) override { return scratch_; }
  void commit(std::size_t bytes, qos::TrafficClass) override {
    peer->inbox.emplace_back(scratch_.begin(),
                             scratch_.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  void abandon() override {}
  std::size_t flush(Instant) override { return 0; }
  std::size_t max_payload(const UdpEndpoint&) const override { return kPayload; }
  UdpEndpoint local() const override { return {}; }

  [[nodiscard]] std::optional<int> descriptor() const override { return announced_by; }
  void on_ready() override { ++times_ready; }

  PreemptedPort* peer = nullptr;
  std::optional<int> announced_by;
  int times_ready = 0;
  std::deque<std::vector<std::byte>> inbox;
  std::size_t most = SIZE_MAX;  // given at once, however many there are
  std::function<void()> preempted;

 private:
  std::deque<std::vector<std::byte>> held_;
  std::vector<std::byte> scratch_ = std::vector<std::byte>(kPayload);
};

struct NoWaker final : Waker {
  void wake() override {}
};

struct CountingWaker final : Waker {
  void wake() override { ++wakes; }
  int wakes = 0;
};

struct Side {
  Side(bool is_host, const Clock& clock) : loop(port, {self, waker, waker}, &clock) {
    session::SessionConfig config;
    config.local_index = session::SessionIndex{is_host ? 1u : 2u};
    config.remote_index = session::SessionIndex{is_host ? 2u : 1u};
    config.initial_payload = config.max_payload = kPayload;
    links = std::make_shared<SessionLinks>(LinkSizes{});
    PacketCommand add;
    add.kind = PacketCommand::Kind::add;
    add.handle = SessionHandle{1};
    add.links = links;
    add.session = std::make_unique<session::Session>(
        config, session::derive_keys(kSecret, is_host, 0, 0), links->inbound, links->outbound);
    EXPECT_TRUE(loop.post(std::move(add)));
  }
  void take_path() {
    PathUpdate update;
    while (links->paths.pop(update)) path = update.path;
  }

  PreemptedPort port;
  NoWaker waker;
  CountingWaker self;
  std::shared_ptr<SessionLinks> links;
  PacketLoop loop;
  PathEstimate path;
};

PacketCommand addition(std::uint32_t number) {
  constexpr LinkSizes kSmall{8, 8, 2048, 8};
  PacketCommand add;
  add.kind = PacketCommand::Kind::add;
  add.handle = SessionHandle{number};
  add.links = std::make_shared<SessionLinks>(kSmall);
  session::SessionConfig config;
  config.local_index = config.remote_index = session::SessionIndex{number};
  config.initial_payload = config.max_payload = kPayload;
  add.session = std::make_unique<session::Session>(
      config, session::derive_keys(kSecret, true, 0, 0), add.links->inbound, add.links->outbound);
  return add;
}

TEST(PacketLoop, SleepsOnThePortsDescriptor_OrSaysThatItMustPoll) {
  simulation::VirtualClock clock;
  Side side(true, clock);
  std::vector<int> readable;
  side.loop.append_descriptors(readable);
  EXPECT_TRUE(readable.empty());
  EXPECT_TRUE(side.loop.must_poll());

  side.port.announced_by = 5;
  side.loop.append_descriptors(readable);
  EXPECT_EQ(readable, std::vector<int>{5});
  EXPECT_FALSE(side.loop.must_poll());
  const std::array<int, 1> another{4}, ours{5};
  side.loop.polled(ReadyDescriptors(another));
  EXPECT_EQ(side.port.times_ready, 0);
  side.loop.polled(ReadyDescriptors(ours));
  EXPECT_EQ(side.port.times_ready, 1);
}

TEST(PacketLoop, CommandsWakeItsWorker) {
  simulation::VirtualClock clock;
  Side side(true, clock);  // adds a session
  EXPECT_EQ(side.self.wakes, 1);
  side.loop.read_port();
  EXPECT_EQ(side.self.wakes, 2);
}

TEST(PacketLoop, StatusRequestsLeaveRoomForCommands) {
  simulation::VirtualClock clock;
  Side side(true, clock);
  for (int i = 0; i < 1000; ++i) side.loop.read_port();
  PacketCommand command = addition(2);
  EXPECT_TRUE(side.loop.post(std::move(command)));
}

TEST(PacketLoop, ReportSaysOfWhichKeyItIs) {
  simulation::VirtualClock clock;
  Side side(true, clock);
  side.port.peer = &side.port;
  const auto reported = [&] {
    clock.advance_to(clock.now() + milliseconds(250));
    side.loop.turn(clock.now());
    std::optional<std::uint32_t> epoch;
    PacketEvent event;
    while (side.loop.take(event))
      if (event.kind == PacketEvent::Kind::report) epoch = event.key_epoch;
    return epoch;
  };
  EXPECT_EQ(reported(), 0u);
  const auto keys = session::derive_keys(kSecret, true, 1, 0);
  PacketCommand rotate;
  rotate.kind = PacketCommand::Kind::rotate_receive;
  rotate.handle = SessionHandle{1};
  rotate.receive_epoch = std::make_unique<session::ReceiveEpoch>(session::SessionIndex{9}, 1,
                                                                 keys.receive, keys.receive_iv);
  ASSERT_TRUE(side.loop.post(std::move(rotate)));
  EXPECT_EQ(reported(), 1u);
}

// The worker slept while pings and much else came. However many turns it takes to read them all,
// how long they lay there is not the path's jitter.
TEST(PacketLoop, WhatLayInThePortIsNoJitter) {
  simulation::VirtualClock clock;
  Side a(true, clock), b(false, clock);
  a.port.peer = &b.port;
  b.port.peer = &a.port;
  const auto run = [&](std::initializer_list<Side*> sides, Duration length) {
    for (const Instant end = clock.now() + length; clock.now() < end;) {
      clock.advance_to(clock.now() + std::chrono::microseconds(100));
      for (Side* side : sides) side->loop.turn(clock.now());
      a.take_path();
    }
  };
  run({&a, &b}, std::chrono::seconds(1));
  a.port.most = 8;
  for (int i = 0; i < 40; ++i) a.port.inbox.emplace_back(64);  // strangers' datagrams
  run({&b}, milliseconds(300));
  run({&a, &b}, std::chrono::seconds(1));
  ASSERT_TRUE(a.path.valid);
  EXPECT_LT(a.path.jitter, milliseconds(1));
}

TEST(PacketLoop, WithTwoPortsBothAreTurnedAndSleptOn) {
  simulation::VirtualClock clock;
  NoWaker waker;
  PreemptedPort first, second, peer;
  first.peer = second.peer = &peer;
  PacketLoop loop({first, &second}, {waker, waker, waker}, &clock);
  first.announced_by = 5;
  EXPECT_TRUE(loop.must_poll()) << "the second port has no descriptor";
  second.announced_by = 6;
  EXPECT_FALSE(loop.must_poll());
  std::vector<int> readable;
  loop.append_descriptors(readable);
  EXPECT_EQ(readable, (std::vector<int>{5, 6}));
  const std::array<int, 1> ready{6};
  loop.polled(ReadyDescriptors(ready));
  EXPECT_EQ(first.times_ready, 0);
  EXPECT_EQ(second.times_ready, 1);

  for (PreemptedPort* const port : {&first, &second}) port->inbox.emplace_back(64);
  loop.turn(clock.now());
  EXPECT_EQ(loop.counters().unknown_session, 2u);
  EXPECT_EQ(loop.port_count(), 2u);
  loop.read_port();
  loop.turn(clock.now());
  PacketEvent event;
  std::size_t reports = 0;
  while (loop.take(event)) reports += event.kind == PacketEvent::Kind::port ? 1 : 0;
  EXPECT_EQ(reports, 2u);
}

// The packet worker may be asleep: what counts is what the control thread has asked for.
TEST(PacketLoop, SessionTooManyIsRefusedUntilOneIsRemoved) {
  simulation::VirtualClock clock;
  Side side(true, clock);  // has one
  side.port.peer = &side.port;
  for (std::uint32_t number = 2; number <= kMaxSessions; ++number)
    ASSERT_TRUE(side.loop.post(addition(number)));
  EXPECT_FALSE(side.loop.post(addition(kMaxSessions + 1)));
  side.loop.turn(clock.now());
  EXPECT_FALSE(side.loop.post(addition(kMaxSessions + 1)));
  PacketCommand remove;
  remove.kind = PacketCommand::Kind::remove;
  remove.handle = SessionHandle{3};
  ASSERT_TRUE(side.loop.post(std::move(remove)));
  EXPECT_TRUE(side.loop.post(addition(kMaxSessions + 1)));
  EXPECT_FALSE(side.loop.post(addition(kMaxSessions + 2)));
  side.loop.turn(clock.now());
  PacketEvent event;
  std::size_t removed = 0;
  while (side.loop.take(event)) removed += event.kind == PacketEvent::Kind::removed ? 1 : 0;
  EXPECT_EQ(removed, 1u);
}

// The other side sends while this one's turn has begun and has not received yet.
TEST(PacketLoop, PreemptedInATurn_NothingSeemsToArriveBeforeItWasSent) {
  simulation::VirtualClock clock;
  Side host(true, clock);
  Side agent(false, clock);
  host.port.peer = &agent.port;
  agent.port.peer = &host.port;
  bool is_nested = false;
  const auto run_meanwhile = [&](Side& other) {
    if (std::exchange(is_nested, true)) return;
    clock.advance_to(clock.now() + milliseconds(5));
    other.loop.turn(clock.now());
    is_nested = false;
  };
  host.port.preempted = [&] { run_meanwhile(agent); };
  agent.port.preempted = [&] { run_meanwhile(host); };
  for (int i = 0; i < 400; ++i) {
    host.loop.turn(clock.now());
    agent.loop.turn(clock.now());
    host.take_path();
    agent.take_path();
  }
  for (const Side* side : {&host, &agent}) {
    ASSERT_TRUE(side->path.valid);
    EXPECT_GE(side->path.inbound_offset, Duration::zero());
    EXPECT_GE(side->path.outbound_offset, Duration::zero());
  }
}

}  // namespace
}  // namespace usbgw::node

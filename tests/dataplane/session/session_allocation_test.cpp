// Nothing is allocated once the session stands and its streams are open.
#include <gtest/gtest.h>

#include "tests/counting_new.h"
#include "tests/dataplane/session/session_pair.h"

namespace usbgw::session {
namespace {

using namespace test;

// Keeps the last few datagrams of a turn in fixed buffers, and loses every tenth.
class FixedPort final : public DatagramPort {
 public:
  std::size_t receive(std::span<ReceivedDatagram>, Instant) override { return 0; }
  void release() override {}
  std::span<std::byte> reserve(const UdpEndpoint&, Instant) override {
    if (count == buffers.size()) return {};
    return buffers[count];
  }
  void commit(std::size_t bytes, qos::TrafficClass) override {
    sizes[count] = bytes;
    if (++total % 10 != 0) ++count;
  }
  void abandon() override {}
  std::size_t flush(Instant) override { return 0; }
  std::size_t max_payload(const UdpEndpoint&) const override { return 1400; }
  UdpEndpoint local() const override { return {}; }

  std::array<std::array<std::byte, 1400>, 16> buffers{};
  std::array<std::size_t, 16> sizes{};
  std::size_t count = 0;
  std::size_t total = 0;
};

void carry(FixedPort& port, Session& to, Instant now) {
  for (std::size_t i = 0; i < port.count; ++i)
    to.receive(std::span(port.buffers[i]).first(port.sizes[i]), {}, now, now);
  port.count = 0;
}

TEST(SessionAllocation, TheCountingSeesAnAllocation) {
  usbgw::test::start_counting_allocations();
  ::operator delete(::operator new(8));
  EXPECT_EQ(usbgw::test::stop_counting_allocations(), 1u);
}

TEST(SessionAllocation, RunningSessionsAllocateNothing) {
  PairOptions options;
  options.max_payload = 1400;
  Pair pair(options);
  StreamOptions window = timely({}, StreamId{0x0183});
  window.repair = {{}, RepairScheme::window, 2, 1, 8ms};
  StreamOptions block = timely({}, StreamId{0x0184});
  block.repair = {{}, RepairScheme::block, 8, 4, 4ms};
  pair.open(timely(2ms));
  pair.open(reliable({}, StreamId{0x0182}));
  pair.open(window);
  StreamOptions resending = timely({}, StreamId{0x0185});
  resending.repair.resends = true;
  resending.repair.deadline = 20ms;
  StreamOptions automatic = timely({}, StreamId{0x0186});
  automatic.repair.scheme = RepairScheme::automatic;
  automatic.repair.resends = true;
  automatic.repair.deadline = 20ms;
  pair.open(block);
  pair.open(automatic);
  pair.open(resending);
  // The peer combines what this end has not said it would.
  StreamOptions undeclared = window;
  undeclared.stream = StreamId{0x0187};
  EXPECT_TRUE(pair.a.session->open_outbound(undeclared));
  EXPECT_TRUE(pair.b.session->open_inbound(timely({}, undeclared.stream)));
  const auto give_windows = [&] {
    int given = 0;
    for (; pair.b.session->wants_repair_window(); ++given)
      pair.b.session->give_repair_window(make_repair_window(options.max_payload));
    return given;
  };
  EXPECT_EQ(give_windows(), 3);  // window, block, automatic
  const auto a_port = std::make_unique<FixedPort>();
  const auto b_port = std::make_unique<FixedPort>();
  std::size_t received = 0;
  std::size_t undeclared_repaired = 0;
  const auto run = [&](int from, int to) {
    usbgw::test::start_counting_allocations();
    for (int i = from; i < to; ++i) {
      const Instant now = Instant{} + 10s + i * 1ms;
      for (const auto stream : {kStream, StreamId{0x0182}, window.stream, block.stream,
                                resending.stream, automatic.stream, undeclared.stream}) {
        const auto claim = pair.a.outbound.claim();
        if (!claim) continue;
        StreamItem item;
        item.stream = stream;
        item.epoch = StreamEpoch{1};
        item.block = claim->block;
        item.length = 192;
        if (!pair.a.outbound.publish(item)) break;
        pair.a.outbound.retire(claim->block);
      }
      pair.a.session->transmit(*a_port, now, 64);
      carry(*a_port, *pair.b.session, now);
      pair.b.session->transmit(*b_port, now, 64);
      carry(*b_port, *pair.a.session, now);
      StreamItem item;
      while (pair.b.inbound.pop(item)) {
        if (item.stream == undeclared.stream && item.provenance == Provenance::repaired)
          ++undeclared_repaired;
        pair.b.inbound.release(item);
        ++received;
      }
    }
    return usbgw::test::stop_counting_allocations();
  };
  EXPECT_EQ(run(0, 200), 0u);
  EXPECT_EQ(undeclared_repaired, 0u);
  EXPECT_EQ(give_windows(), 1);
  EXPECT_EQ(run(200, 5000), 0u);
  EXPECT_GT(undeclared_repaired, 100u);
  EXPECT_GT(received, 34'000u);
}

}  // namespace
}  // namespace usbgw::session

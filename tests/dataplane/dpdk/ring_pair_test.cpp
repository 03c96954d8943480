// Real DPDK, two ports in one process, no hugepages, no root: everything between two DpdkPorts.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "common/byte_order.h"
#include "common/random.h"
#include "tests/dataplane/dpdk/eal_environment.h"

namespace usbgw::dpdk {
namespace {

using testing::endpoint;
using testing::port_config;

testing::EalEnvironment* environment = nullptr;

struct Link {
  RingPair ports;
  Instant now{std::chrono::seconds(1)};

  explicit Link(const PortConfig& a, const PortConfig& b)
      : ports(make_ring_pair(environment->eal(), a, b).value()) {}

  // One turn of both ends; what `second` received is copied out.
  void turn(std::vector<std::vector<std::byte>>& received, std::vector<UdpEndpoint>& from) {
    now += std::chrono::milliseconds(1);
    for (auto* port : {ports.first.get(), ports.second.get()}) {
      std::array<session::ReceivedDatagram, 16> burst;
      const auto count = port->receive(burst, now);
      for (std::size_t i = 0; port == ports.second.get() && i < count; ++i) {
        received.emplace_back(burst[i].payload.begin(), burst[i].payload.end());
        from.push_back(burst[i].from);
      }
      port->release();
      static_cast<void>(port->flush(now));
    }
  }
  void settle() {
    std::vector<std::vector<std::byte>> received;
    std::vector<UdpEndpoint> from;
    for (int i = 0; i < 4; ++i) turn(received, from);
  }
  [[nodiscard]] bool send(const UdpEndpoint& to, std::span<const std::byte> payload) {
    const auto room = ports.first->reserve(to, now);
    if (room.empty() || room.size() < payload.size()) return false;
    std::copy(payload.begin(), payload.end(), room.begin());
    ports.first->commit(payload.size(), qos::TrafficClass::isochronous);
    return true;
  }
};

std::vector<std::byte> pattern(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  return bytes;
}

struct Case {
  const char* name;
  const char* first;
  const char* second;
  const char* to;
  std::size_t mtu;
  std::uint16_t vlan;
};

class RingPairCarries : public ::testing::TestWithParam<Case> {};

TEST_P(RingPairCarries, DatagramsOfEverySizeUnchanged) {
  const auto& param = GetParam();
  auto a = port_config("ring", {param.first}, param.mtu);
  auto b = port_config("ring", {param.second}, param.mtu);
  if (param.vlan != 0) a.marking = b.marking = {.dscp = 46, .pcp = 5, .vlan = param.vlan};
  Link link(a, b);
  const auto to = endpoint(param.to);
  EXPECT_FALSE(link.send(to, pattern(10, 1)));  // not resolved yet, and being asked for
  link.settle();
  const std::size_t largest = link.ports.first->max_payload(to);
  std::size_t sent = 0;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{255}, largest}) {
    const auto payload = pattern(size, size);
    ASSERT_TRUE(link.send(to, payload));
    ++sent;
    std::vector<std::vector<std::byte>> received;
    std::vector<UdpEndpoint> from;
    for (int i = 0; i < 3; ++i) link.turn(received, from);
    ASSERT_EQ(received.size(), 1u) << size;
    EXPECT_EQ(received[0], payload);
    EXPECT_EQ(from[0], link.ports.first->local());
  }
  EXPECT_EQ(link.ports.second->counters()[PortCounter::datagrams_received], sent);
  EXPECT_EQ(link.ports.first->counters()[PortCounter::drop_unresolved], 1u);
  EXPECT_EQ(link.ports.second->counters()[PortCounter::drop_udp_checksum], 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Links, RingPairCarries,
    ::testing::Values(Case{"Ipv4", "10.0.0.1/24", "10.0.0.2/24", "10.0.0.2", 1500, 0},
                      Case{"Ipv6", "fd00::1/64", "fd00::2/64", "fd00::2", 1500, 0},
                      Case{"Ipv4Vlan", "10.0.0.1/24", "10.0.0.2/24", "10.0.0.2", 1500, 42},
                      Case{"Ipv6Vlan", "fd00::1/64", "fd00::2/64", "fd00::2", 1500, 42},
                      Case{"Ipv4Jumbo", "10.0.0.1/24", "10.0.0.2/24", "10.0.0.2", 9000, 0},
                      Case{"Ipv6JumboVlan", "fd00::1/64", "fd00::2/64", "fd00::2", 9000, 42}),
    [](const auto& test) { return test.param.name; });

TEST(RingPair, OtherVlanOnTheSameWireGetsNothing) {
  auto a = port_config("ring", {"10.0.0.1/24"});
  a.marking.vlan = 42;
  Link link(a, port_config("ring", {"10.0.0.2/24"}));
  link.settle();
  EXPECT_FALSE(link.send(endpoint("10.0.0.2"), pattern(10, 1)));
  link.settle();
  EXPECT_FALSE(link.send(endpoint("10.0.0.2"), pattern(10, 1)));
  EXPECT_GT(link.ports.second->counters()[PortCounter::drop_vlan], 0u);
}

// Every buffer that crosses must come home: far more datagrams than buffers.
TEST(RingPair, ManyMoreDatagramsThanBuffers_AllArriveInOrder) {
  Link link(port_config("ring", {"10.0.0.1/24"}), port_config("ring", {"10.0.0.2/24"}));
  const auto to = endpoint("10.0.0.2");
  EXPECT_FALSE(link.send(to, {}));
  link.settle();
  std::vector<std::vector<std::byte>> received;
  std::vector<UdpEndpoint> from;
  constexpr std::size_t kDatagrams = 20'000;
  for (std::size_t i = 0; i < kDatagrams; ++i) {
    std::array<std::byte, 8> number{};
    store_be<std::uint64_t>(number.data(), i);
    ASSERT_TRUE(link.send(to, number)) << i;
    if (i % 10 == 9) link.turn(received, from);
  }
  link.turn(received, from);
  link.turn(received, from);
  ASSERT_EQ(received.size(), kDatagrams);
  for (std::size_t i = 0; i < kDatagrams; ++i)
    ASSERT_EQ(load_be<std::uint64_t>(received[i].data()), i);
}

TEST(RingPair, FullRing_BlocksAndLaterGoesOn) {
  Link link(port_config("ring", {"10.0.0.1/24"}), port_config("ring", {"10.0.0.2/24"}));
  const auto to = endpoint("10.0.0.2");
  EXPECT_FALSE(link.send(to, {}));
  link.settle();
  std::size_t taken = 0;
  while (link.send(to, pattern(4, 1)) && taken < 100'000) ++taken;
  EXPECT_LT(taken, 2000u);
  EXPECT_GT(link.ports.first->counters()[PortCounter::transmit_blocked], 0u);
  std::vector<std::vector<std::byte>> received;
  std::vector<UdpEndpoint> from;
  for (int i = 0; i < 100; ++i) link.turn(received, from);
  EXPECT_EQ(received.size(), taken);
  EXPECT_TRUE(link.send(to, pattern(4, 1)));
}

TEST(RingPair, AbandonedReservation_LosesNoBuffer) {
  Link link(port_config("ring", {"10.0.0.1/24"}), port_config("ring", {"10.0.0.2/24"}));
  const auto to = endpoint("10.0.0.2");
  EXPECT_FALSE(link.send(to, {}));
  link.settle();
  for (int i = 0; i < 5000; ++i) {
    ASSERT_FALSE(link.ports.first->reserve(to, link.now).empty());
    link.ports.first->abandon();
  }
}

TEST(MakePort, Ring_SaysThatItHasTwoEnds) {
  const auto port = make_port(environment->eal(), port_config("ring", {"10.0.0.1/24"}));
  ASSERT_FALSE(port);
  EXPECT_NE(port.error().context.find("both"), std::string::npos) << port.error().context;
}

}  // namespace
}  // namespace usbgw::dpdk

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  usbgw::dpdk::EalConfig config;
  config.ports.assign(4, usbgw::dpdk::testing::port_config("ring", {"10.0.0.1/24"}, 9000));
  usbgw::dpdk::environment = new usbgw::dpdk::testing::EalEnvironment(config);
  ::testing::AddGlobalTestEnvironment(usbgw::dpdk::environment);  // GoogleTest owns it
  return RUN_ALL_TESTS();
}

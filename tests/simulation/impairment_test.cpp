// Each impairment does what it says, in the amount it says, and leaves the others' draws alone.
#include "simulation/impairment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "simulation/memory_port.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int kMany = 200'000;

ImpairmentProfile studio() {
  ImpairmentProfile profile;
  profile.delay = 4ms;
  profile.jitter = 4ms;
  profile.loss = 0.007;
  return profile;
}

std::vector<Fate> fates(const ImpairmentProfile& profile, int count = kMany, Duration every = 250us,
                        std::uint64_t seed = 7) {
  Impairment path(profile, seed);
  std::vector<Fate> all;
  Instant sent{1s};
  for (int i = 0; i < count; ++i, sent += every) all.push_back(path.fate_of(sent));
  return all;
}

std::uint64_t digest(const std::vector<Fate>& all) {
  std::uint64_t sum = 0;
  for (const Fate& fate : all)
    sum = sum * 31 + (fate.is_lost()
                          ? 1
                          : static_cast<std::uint64_t>(fate.all[0].at.time_since_epoch().count()));
  return sum;
}

double share(const std::vector<Fate>& all, bool (*is_counted)(const Fate&)) {
  return static_cast<double>(std::count_if(all.begin(), all.end(), is_counted)) /
         static_cast<double>(all.size());
}
double lost_share(const std::vector<Fate>& all) {
  return share(all, [](const Fate& fate) { return fate.is_lost(); });
}

// Runs of lost datagrams.
std::vector<int> lost_runs(const std::vector<Fate>& all) {
  std::vector<int> runs;
  int run = 0;
  for (const Fate& fate : all) {
    if (fate.is_lost()) {
      ++run;
    } else if (run > 0) {
      runs.push_back(std::exchange(run, 0));
    }
  }
  return runs;
}

// Figures of every report are compared with older ones: a seed's draws stay as they were.
TEST(Impairment, FatesOfASeedStayFromOneVersionToTheNext) {
  ImpairmentProfile profile = studio();
  EXPECT_EQ(digest(fates(profile, 10'000)), 14905159366546078347u);
  profile.outage_loss = 0.01;
  profile.outage_mean = 2ms;
  profile.keeps_order = true;
  EXPECT_EQ(digest(fates(profile, 10'000)), 15296584554065750944u);
  profile = studio();
  profile.variation = DelayVariation::slots;
  profile.slot_delay = 100us;
  profile.slot_jitter = 3ms;
  EXPECT_EQ(digest(fates(profile, 10'000)), 4340896778750965522u);
}

TEST(Impairment, OneMoreLeavesTheDrawsOfTheOthers) {
  const auto before = fates(studio());
  ImpairmentProfile more = studio();
  more.gilbert = {0.01, 0.3, 0, 1};
  more.duplicate = 0.01;
  more.corrupt = 0.01;
  const auto after = fates(more);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (after[i].is_lost()) continue;
    ASSERT_FALSE(before[i].is_lost());
    ++compared;
    ASSERT_EQ(after[i].all[0].at, before[i].all[0].at);
  }
  EXPECT_GT(compared, before.size() * 9 / 10);
}

TEST(Impairment, GilbertLosesTheShareAndTheRunsOfItsStates) {
  ImpairmentProfile profile;
  profile.gilbert = {0.002, 0.25, 0, 1};
  const auto all = fates(profile);
  EXPECT_NEAR(lost_share(all), 0.002 / 0.252, 0.0006);
  const auto runs = lost_runs(all);
  double sum = 0;
  for (const int run : runs) sum += run;
  EXPECT_NEAR(sum / static_cast<double>(runs.size()), 4, 0.4);
  // Geometric: a run goes on with 1 - r, however long it is.
  const auto longer = [&](int than) {
    return static_cast<double>(
        std::count_if(runs.begin(), runs.end(), [than](int run) { return run > than; }));
  };
  EXPECT_NEAR(longer(1) / static_cast<double>(runs.size()), 0.75, 0.06);
  EXPECT_NEAR(longer(4) / longer(3), 0.75, 0.08);
}

TEST(Impairment, GilbertLosesInBothStatesWhatEachLoses) {
  ImpairmentProfile profile;
  profile.gilbert = {0.01, 0.04, 0.001, 0.5};
  EXPECT_NEAR(lost_share(fates(profile)), 0.8 * 0.001 + 0.2 * 0.5, 0.006);
}

TEST(Impairment, OutagesTakeTheirShareOfTimeAndLastTheirMean) {
  ImpairmentProfile profile;
  profile.outage_loss = 0.02;
  profile.outage_mean = 5ms;
  const auto all = fates(profile, kMany * 2, 100us);
  EXPECT_NEAR(lost_share(all), 0.02, 0.004);
  const auto runs = lost_runs(all);
  double sum = 0;
  for (const int run : runs) sum += run;
  EXPECT_NEAR(sum / static_cast<double>(runs.size()) * 0.1, 5, 1.2);
}

TEST(Impairment, ReorderedOnesComeLaterByTheirTimeAndAreOvertaken) {
  ImpairmentProfile profile;
  profile.delay = 1ms;
  profile.keeps_order = true;
  profile.reorder = 0.05;
  profile.reorder_by = 2ms;
  Impairment path(profile, 7);
  std::uint64_t late = 0;
  Instant sent{1s};
  for (int i = 0; i < kMany; ++i, sent += 250us) {
    const Duration took = path.fate_of(sent).all[0].at - sent;
    if (took != 1ms) {
      ASSERT_EQ(took, 3ms);
      ++late;
    }
  }
  EXPECT_EQ(path.counts().reordered, late);
  EXPECT_NEAR(static_cast<double>(late) / kMany, 0.05, 0.002);
}

TEST(Impairment, DuplicatesComeTwiceEachAfterADelayOfItsOwn) {
  ImpairmentProfile profile = studio();
  profile.loss = 0;
  profile.duplicate = 0.03;
  const auto all = fates(profile);
  EXPECT_NEAR(share(all, [](const Fate& fate) { return fate.count == 2; }), 0.03, 0.0015);
  std::size_t alike = 0;
  for (const Fate& fate : all)
    alike += fate.count == 2 && fate.all[0].at == fate.all[1].at ? 1u : 0u;
  EXPECT_LE(alike, 1u);
}

TEST(Impairment, FlapCutsTheSameTimesWhateverTheSeed) {
  ImpairmentProfile profile;
  profile.flap_down = 200ms;
  profile.flap_every = 2s;
  for (const std::uint64_t seed : {1u, 2u}) {
    Impairment path(profile, seed);
    for (Instant sent{}; sent < Instant{10s}; sent += 10ms)
      ASSERT_EQ(path.fate_of(sent).is_lost(), sent.time_since_epoch() % 2s >= 1800ms);
  }
}

ImpairmentProfile everything() {
  ImpairmentProfile profile = studio();
  profile.outage_loss = 0.01;
  profile.outage_mean = 1ms;
  profile.gilbert = {0.001, 0.3, 0, 1};
  profile.reorder = 0.02;
  profile.reorder_by = 1ms;
  profile.duplicate = 0.02;
  profile.corrupt = 0.02;
  profile.flap_down = 10ms;
  profile.flap_every = 1s;
  return profile;
}

TEST(Impairment, AllAtOnceRepeatsWithItsSeed) {
  const auto digest_of = [](std::uint64_t seed) {
    return digest(fates(everything(), 20'000, 250us, seed));
  };
  EXPECT_EQ(digest_of(1), digest_of(1));
  EXPECT_NE(digest_of(1), digest_of(2));
  // Independent 0.7 %, outages 1 %, Gilbert 0.33 %, flaps 1 %.
  EXPECT_NEAR(lost_share(fates(everything())), 0.030, 0.004);
}

struct Joined {
  explicit Joined(const ImpairmentProfile& profile) : to_b(profile, 7) {
    MemoryPort::join(a, b, to_b, to_a);
  }
  static constexpr Instant kStart{1s};
  const UdpEndpoint a_at{IpAddress::v4(1), 1}, b_at{IpAddress::v4(2), 2};
  Impairment to_b, to_a{{}, 8};
  MemoryPort a{a_at, 1400}, b{b_at, 1400};
};

TEST(MemoryPort, CorruptDatagramDiffersInOneBitAndIsCounted) {
  ImpairmentProfile profile;
  profile.corrupt = 0.25;
  profile.duplicate = 0.5;
  Joined joined(profile);
  std::uint64_t flipped = 0;
  std::uint64_t came = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto to = joined.a.reserve(joined.b_at, Joined::kStart);
    std::fill_n(to.begin(), 100, std::byte{0x5A});
    joined.a.commit(100, qos::TrafficClass::isochronous);
    std::array<session::ReceivedDatagram, 4> burst;
    const std::size_t count = joined.b.receive(burst, Joined::kStart);
    for (const auto& datagram : std::span(burst).first(count)) {
      ASSERT_EQ(datagram.payload.size(), 100u);
      int bits = 0;
      for (const std::byte byte : datagram.payload)
        bits += std::popcount(std::to_integer<unsigned>(byte ^ std::byte{0x5A}));
      ASSERT_LE(bits, 1);
      flipped += static_cast<std::uint64_t>(bits);
      ++came;
    }
    joined.b.release();
  }
  const ImpairmentCounts counts = joined.to_b.counts();
  EXPECT_EQ(counts.corrupted, flipped);
  EXPECT_EQ(counts.offered + counts.duplicated, came);
  EXPECT_NEAR(static_cast<double>(flipped) / static_cast<double>(came), 0.25, 0.02);
}

}  // namespace
}  // namespace usbgw::simulation

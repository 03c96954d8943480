#include <gtest/gtest.h>

#include "control/lease_manager.h"

namespace usbgw::control {
namespace {

using std::chrono::seconds;

class RecordingSink final : public AuditSink {
 public:
  void record(const AuditEvent& event) override { events.push_back(event); }
  [[nodiscard]] AuditKind last() const { return events.back().kind; }
  std::vector<AuditEvent> events;
};

class LeaseTest : public ::testing::Test {
 protected:
  Result<Lease> acquire(const std::string& owner, std::uint64_t connection) {
    return manager.acquire("1209:a102", {owner, ConnectionId{connection}}, exclusive, now);
  }
  MemoryLeaseStore store;
  RecordingSink audit;
  LeaseManager manager{store, audit};
  ExclusivePolicy exclusive;
  Instant now{seconds(1000)};
};

TEST_F(LeaseTest, SecondClaimantIsToldWhoHoldsItAndSinceWhen) {
  ASSERT_TRUE(acquire("stage-b", 1));
  EXPECT_EQ(audit.last(), AuditKind::grant);
  now += seconds(12);
  const auto refused = acquire("host-1", 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::busy);
  EXPECT_EQ(refused.error().context, "1209:a102 is held by stage-b for 12 s");
  EXPECT_EQ(audit.last(), AuditKind::refusal);
  EXPECT_EQ(audit.events.back().holder, "stage-b");
}

TEST_F(LeaseTest, ReleaseNeedsTheRightToken) {
  const auto lease = acquire("stage-b", 1);
  EXPECT_FALSE(manager.release("1209:a102", LeaseToken{99}, "", now));
  now += seconds(30);
  EXPECT_TRUE(manager.release("1209:a102", lease->token, "detached", now));
  EXPECT_EQ(audit.last(), AuditKind::release);
  EXPECT_EQ(audit.events.back().held_seconds, 30u);
  const auto next = acquire("host-1", 2);
  ASSERT_TRUE(next);
  EXPECT_NE(next->token, lease->token);
  EXPECT_FALSE(manager.release("1209:a102", lease->token, "late", now));
}

TEST_F(LeaseTest, ExpiresAfterSixtySecondsUnlessRenewed) {
  ASSERT_TRUE(acquire("stage-b", 1));
  EXPECT_EQ(manager.next_deadline(), now + seconds(60));
  now += seconds(59);
  manager.renew(ConnectionId{1}, now);
  manager.renew(ConnectionId{2}, now);
  now += seconds(59);
  EXPECT_TRUE(manager.expire(now).empty());
  EXPECT_TRUE(manager.holder("1209:a102", now));
  now += seconds(1);
  EXPECT_FALSE(manager.holder("1209:a102", now));
  const auto ended = manager.expire(now);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].owner, "stage-b");
  EXPECT_EQ(audit.last(), AuditKind::expiry);
  EXPECT_EQ(manager.next_deadline(), kNever);
}

TEST_F(LeaseTest, ExpiredLeaseGivesWayEvenBeforeItIsSwept) {
  ASSERT_TRUE(acquire("stage-b", 1));
  now += seconds(60);
  manager.renew(ConnectionId{1}, now);  // too late
  EXPECT_TRUE(acquire("host-1", 2));
  ASSERT_EQ(audit.events.size(), 3u);
  EXPECT_EQ(audit.events[1].kind, AuditKind::expiry);
  EXPECT_EQ(audit.events[2].kind, AuditKind::grant);
}

TEST_F(LeaseTest, DeadConnectionReleasesItsLeasesAtOnceAndNoOthers) {
  ASSERT_TRUE(acquire("stage-b", 1));
  ASSERT_TRUE(manager.acquire("1209:a103", {"host-1", ConnectionId{2}}, exclusive, now));
  EXPECT_EQ(manager.release_all(ConnectionId{1}, "no answer within 15 s", now).size(), 1u);
  EXPECT_EQ(audit.events.back().detail, "no answer within 15 s");
  EXPECT_TRUE(acquire("host-1", 2));
  EXPECT_TRUE(manager.holder("1209:a103", now));
}

TEST_F(LeaseTest, AdministratorTakesItByForce) {
  EXPECT_FALSE(manager.revoke("1209:a102", "root", now));
  ASSERT_TRUE(acquire("stage-b", 1));
  const auto revoked = manager.revoke("1209:a102", "root", now);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->owner, "stage-b");
  EXPECT_EQ(audit.last(), AuditKind::takeover);
  EXPECT_EQ(audit.events.back().owner, "root");
  EXPECT_EQ(audit.events.back().holder, "stage-b");
  EXPECT_TRUE(acquire("host-1", 2));
}

class PreemptingPolicy final : public SharePolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "test"; }
  [[nodiscard]] Verdict judge(const Claim&, const std::optional<Lease>& held,
                              Instant) const override {
    return held ? Verdict::preempt : Verdict::grant;
  }
};

TEST_F(LeaseTest, PreemptingPolicyRevokesThenGrants) {
  ASSERT_TRUE(acquire("stage-b", 1));
  const auto lease =
      manager.acquire("1209:a102", {"host-1", ConnectionId{2}}, PreemptingPolicy(), now);
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->owner, "host-1");
  EXPECT_EQ(audit.events[1].kind, AuditKind::takeover);
}

TEST(MemoryLeaseStore, SwapNeedsTheVersionThatWasRead) {
  MemoryLeaseStore store;
  const Lease lease{"d", "a", ConnectionId{1}, store.next_token(), {}, {}};
  EXPECT_FALSE(store.compare_and_swap("d", 7, lease));
  EXPECT_TRUE(store.compare_and_swap("d", 0, lease));
  const auto read = store.find("d");
  EXPECT_TRUE(store.compare_and_swap("d", read.version, std::nullopt));
  EXPECT_TRUE(store.compare_and_swap("d", 0, lease));
  EXPECT_FALSE(store.compare_and_swap("d", read.version, std::nullopt));  // another lease by now
  EXPECT_EQ(store.list().size(), 1u);
}

}  // namespace
}  // namespace usbgw::control

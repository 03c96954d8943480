#include "control/lease_manager.h"

#include <algorithm>

namespace usbgw::control {
namespace {

constexpr int kSwapAttempts = 4;  // others may write to a shared store at the same time

std::uint64_t seconds_since(Instant since, Instant now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
  return static_cast<std::uint64_t>(std::max<decltype(seconds)>(seconds, 0));
}

std::string held_text(const Lease& lease, Instant now) {
  return lease.device + " is held by " + lease.owner + " for " +
         std::to_string(seconds_since(lease.granted, now)) + " s";
}

}  // namespace

Result<Lease> LeaseManager::acquire(const std::string& device, const Claim& claim,
                                    const SharePolicy& policy, Instant now) {
  for (int attempt = 0; attempt < kSwapAttempts; ++attempt) {
    auto entry = store_.find(device);
    if (entry.lease && now >= entry.lease->expires) {
      static_cast<void>(
          end(*entry.lease, AuditKind::expiry, "not renewed", entry.lease->owner, now));
      continue;
    }
    const Verdict verdict = policy.judge(claim, entry.lease, now);
    if (verdict == Verdict::preempt && entry.lease) {
      static_cast<void>(end(*entry.lease, AuditKind::takeover, "preempted", claim.owner, now));
      continue;
    }
    if (verdict != Verdict::grant) {
      const std::string why = entry.lease ? held_text(*entry.lease, now) : device + " is not free";
      audit_.record({AuditKind::refusal, device, claim.owner,
                     entry.lease ? entry.lease->owner : std::string(), 0, 0, why});
      return fail(ErrorCode::busy, why);
    }
    const Lease lease{device, claim.owner,      claim.connection, store_.next_token(),
                      now,    now + lease_time_};
    if (!store_.compare_and_swap(device, entry.version, lease)) continue;
    audit_.record({AuditKind::grant, device, claim.owner, {}, lease.token.value(), 0, {}});
    return lease;
  }
  return fail(ErrorCode::busy, device + " changes hands too fast; try again");
}

void LeaseManager::renew(ConnectionId connection, Instant now) {
  for (Lease& lease : store_.list()) {
    if (lease.connection != connection || now >= lease.expires) continue;
    const auto entry = store_.find(lease.device);
    if (!entry.lease || entry.lease->token != lease.token) continue;
    lease.expires = now + lease_time_;
    const std::string device = lease.device;
    static_cast<void>(store_.compare_and_swap(device, entry.version, std::move(lease)));
  }
}

bool LeaseManager::end(const Lease& lease, AuditKind kind, const std::string& why,
                       const std::string& owner, Instant now) {
  const auto entry = store_.find(lease.device);
  if (!entry.lease || entry.lease->token != lease.token) return false;
  if (!store_.compare_and_swap(lease.device, entry.version, std::nullopt)) return false;
  audit_.record({kind, lease.device, owner, owner == lease.owner ? std::string() : lease.owner,
                 lease.token.value(), seconds_since(lease.granted, now), why});
  return true;
}

bool LeaseManager::release(const std::string& device, LeaseToken token, const std::string& why,
                           Instant now) {
  const auto entry = store_.find(device);
  return entry.lease && entry.lease->token == token &&
         end(*entry.lease, AuditKind::release, why, entry.lease->owner, now);
}

std::vector<Lease> LeaseManager::release_all(ConnectionId connection, const std::string& why,
                                             Instant now) {
  std::vector<Lease> ended;
  for (Lease& lease : store_.list())
    if (lease.connection == connection && end(lease, AuditKind::release, why, lease.owner, now))
      ended.push_back(std::move(lease));
  return ended;
}

std::vector<Lease> LeaseManager::expire(Instant now) {
  std::vector<Lease> ended;
  for (Lease& lease : store_.list())
    if (now >= lease.expires && end(lease, AuditKind::expiry, "not renewed", lease.owner, now))
      ended.push_back(std::move(lease));
  return ended;
}

Result<Lease> LeaseManager::revoke(const std::string& device, const std::string& administrator,
                                   Instant now) {
  const auto entry = store_.find(device);
  if (!entry.lease) return fail(ErrorCode::not_found, "nobody holds " + device);
  if (!end(*entry.lease, AuditKind::takeover, "by force", administrator, now))
    return fail(ErrorCode::busy, device + " changes hands too fast; try again");
  return *entry.lease;
}

std::optional<Lease> LeaseManager::holder(const std::string& device, Instant now) const {
  auto entry = store_.find(device);
  if (entry.lease && now >= entry.lease->expires) return std::nullopt;
  return entry.lease;
}

Instant LeaseManager::next_deadline() const {
  Instant next = kNever;
  for (const Lease& lease : store_.list()) next = std::min(next, lease.expires);
  return next;
}

void LeaseManager::note_refusal(const std::string& device, const std::string& owner,
                                const std::string& why) {
  audit_.record({AuditKind::refusal, device, owner, {}, 0, 0, why});
}

}  // namespace usbgw::control

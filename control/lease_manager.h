// Grants, renews, ends leases, and writes each of it to the audit log. Sans-IO; the control thread
// owns it. A lease ends at its expiry unless its connection renews it, and at once when the
// connection dies.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "control/audit_log.h"
#include "control/lease_store.h"
#include "control/share_policy.h"

namespace usbgw::control {

inline constexpr Duration kLeaseTime = std::chrono::seconds(60);

class LeaseManager {
 public:
  // The store and the log outlive it.
  LeaseManager(LeaseStore& store, AuditSink& audit, Duration lease_time = kLeaseTime)
      : store_(store), audit_(audit), lease_time_(lease_time) {}

  // busy: "1209:a102 is held by stage-b for 12 s". Policies that make a claim wait are answered
  // with busy too until there is a queue for them.
  [[nodiscard]] Result<Lease> acquire(const std::string& device, const Claim& claim,
                                      const SharePolicy& policy, Instant now);
  // Every lease of this connection lives for another lease time; called for each heartbeat.
  void renew(ConnectionId connection, Instant now);
  // False when the token is not the lease's any more.
  bool release(const std::string& device, LeaseToken token, const std::string& why, Instant now);
  // The connection died: its leases end. Gives them.
  std::vector<Lease> release_all(ConnectionId connection, const std::string& why, Instant now);
  // Ends what has expired. Gives those leases.
  std::vector<Lease> expire(Instant now);
  // An administrator's force: ends the lease whoever holds it.
  [[nodiscard]] Result<Lease> revoke(const std::string& device, const std::string& administrator,
                                     Instant now);

  // The live lease, if any.
  [[nodiscard]] std::optional<Lease> holder(const std::string& device, Instant now) const;
  [[nodiscard]] Instant next_deadline() const;

  // A refusal for another reason than a lease, for the log.
  void note_refusal(const std::string& device, const std::string& owner, const std::string& why);

 private:
  [[nodiscard]] bool end(const Lease& lease, AuditKind kind, const std::string& why,
                         const std::string& owner, Instant now);

  LeaseStore& store_;
  AuditSink& audit_;
  Duration lease_time_;
};

}  // namespace usbgw::control

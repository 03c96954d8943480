// What happens when somebody asks for a device: decided here, carried out by LeaseManager. One
// class a policy; `exclusive` is the first.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "common/result.h"
#include "control/lease_store.h"

namespace usbgw::control {

struct Claim {
  std::string owner;
  ConnectionId connection;
  std::uint8_t priority = 0;  // for policies that rank
};

enum class Verdict : std::uint8_t {
  grant,    // nobody stands in the way
  refuse,   // the claimant is told who holds it
  wait,     // keep the claim; ask again when the lease ends or at review()
  preempt,  // revoke the present lease, then grant
  ask,      // ask the holder to yield, and wait
};

class SharePolicy {
 public:
  virtual ~SharePolicy() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // `held`: the live lease, if any.
  [[nodiscard]] virtual Verdict judge(const Claim& claim, const std::optional<Lease>& held,
                                      Instant now) const = 0;
  // When waiting claims must be judged again although nothing happened (time slices); kNever if
  // never.
  [[nodiscard]] virtual Instant review(const Lease& held) const {
    static_cast<void>(held);
    return kNever;
  }
};

// First come, first served; others are refused.
class ExclusivePolicy final : public SharePolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "exclusive"; }
  [[nodiscard]] Verdict judge(const Claim&, const std::optional<Lease>& held,
                              Instant) const override {
    return held ? Verdict::refuse : Verdict::grant;
  }
};

}  // namespace usbgw::control

#include "dataplane/session/path_probe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/session/session_limits.h"

namespace usbgw::session {
namespace {

using namespace std::chrono_literals;

// Loss takes single probes: this many in a row, each with a ping answered meanwhile, mean the size.
constexpr unsigned kTries = 3;
constexpr Duration kMinTimeout = 50ms;
constexpr Duration kVerifyInterval = 2s;
constexpr Duration kFullVerifyInterval = 60s;
constexpr Duration kRaiseInterval = 60s;
constexpr Duration kRaiseAfterLowering = 10s;
constexpr std::size_t kCloseEnough = 64;
// UDP payloads of a 1500-byte MTU with IPv4 and with IPv6: likelier than what bisection tries.
constexpr std::array<std::size_t, 2> kUsual{1472, 1452};

}  // namespace

PathProbe::PathProbe(std::size_t initial, std::size_t most)
    : initial_(std::min(initial, most)), most_(most), confirmed_(initial_), failed_(most + 1) {}

// The largest first: either jumbo frames pass or they do not.
std::optional<std::size_t> PathProbe::candidate() const {
  if (confirmed_ >= most_) return std::nullopt;
  if (failed_ > most_) return most_;
  for (const std::size_t usual : kUsual)
    if (usual > confirmed_ && usual < failed_) return usual;
  if (failed_ - confirmed_ <= kCloseEnough) return std::nullopt;
  return confirmed_ + (failed_ - confirmed_) / 2;
}

// What is no larger than kMinimumPayload passes where pings do.
void PathProbe::plan_verification(Instant now) {
  const bool is_full = !is_proven_ || now >= next_full_verify_;
  const std::size_t used = std::exchange(used_, 0);
  next_verify_ = now + kVerifyInterval;
  if (is_full) next_full_verify_ = now + kFullVerifyInterval;
  if (!is_full && used <= kMinimumPayload) return;
  goal_ = Goal::verify;
  size_ = is_full ? confirmed_ : std::min(used, confirmed_);
}

void PathProbe::plan(Instant now) {
  size_ = 0;
  failures_ = 0;
  is_waiting_ = false;
  const auto next = candidate();
  if (next && now >= next_raise_) {
    goal_ = Goal::raise;
    size_ = *next;
  } else if (now >= next_verify_) {
    plan_verification(now);
  } else if (!next && confirmed_ < most_ && next_raise_ <= now) {
    next_raise_ = now + kRaiseInterval;  // all sizes are settled: look again later
    failed_ = most_ + 1;
  }
  deadline_ = size_ != 0           ? now
              : confirmed_ < most_ ? std::min(next_verify_, next_raise_)
                                   : next_verify_;
}

bool PathProbe::update(Instant now, std::uint64_t answers, Duration timeout) {
  answers_ = answers;
  timeout_ = std::max(kMinTimeout, 2 * timeout);
  if (!has_started_) {
    if (answers == 0) return false;
    has_started_ = true;
    next_verify_ = now + kVerifyInterval;
    next_full_verify_ = now + kFullVerifyInterval;
    plan(now);
    return false;
  }
  if (now < deadline_) return false;
  if (size_ == 0) {
    plan(now);
    return false;
  }
  if (!is_waiting_) return false;
  if (answers_ == answers_at_send_) {  // the path itself may be dead: no evidence either way
    deadline_ = now + timeout_;
    return false;
  }
  is_waiting_ = false;
  if (++failures_ < kTries) return false;
  if (goal_ == Goal::verify) return lower(now);
  give_up(now);
  return false;
}

void PathProbe::give_up(Instant now) {
  failed_ = size_;
  plan(now);
}

bool PathProbe::lower(Instant now) {
  const std::size_t floor = std::min(kMinimumPayload, initial_);
  const std::size_t before = confirmed_;
  confirmed_ = confirmed_ > initial_ ? initial_ : floor;
  failed_ = most_ + 1;
  next_raise_ = now + kRaiseAfterLowering;
  next_verify_ = now;
  is_proven_ = false;
  if (confirmed_ == before) next_verify_ = now + kVerifyInterval;
  plan(now);
  return confirmed_ != before;
}

std::optional<std::size_t> PathProbe::due(Instant now) const {
  if (size_ == 0 || is_waiting_ || now < deadline_) return std::nullopt;
  return size_;
}

void PathProbe::sent(Instant now) {
  is_waiting_ = true;
  answers_at_send_ = answers_;
  deadline_ = now + timeout_;
}

void PathProbe::answered(std::size_t size, Instant now) {
  if (size_ == 0 || size != size_) return;
  is_proven_ = is_proven_ || size >= confirmed_;
  confirmed_ = std::max(confirmed_, size);
  next_verify_ = now + kVerifyInterval;
  plan(now);
}

}  // namespace usbgw::session

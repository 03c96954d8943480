#include "app/worker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "app/real_clock.h"
#include "common/assertion.h"

namespace usbgw::app {
namespace {

// Turns with work between two questions of what is readable.
constexpr int kMostUnasked = 1;

}  // namespace

EventWaker::EventWaker() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  USBGW_ASSERT(descriptor_ >= 0);
}

EventWaker::~EventWaker() {
  close(descriptor_);
}

void EventWaker::wake() {
  pending_.store(true, std::memory_order_seq_cst);
  if (!sleeping_.load(std::memory_order_seq_cst)) return;
  const std::uint64_t one = 1;
  static_cast<void>(!write(descriptor_, &one, sizeof one));
}

bool EventWaker::prepare_sleep() {
  sleeping_.store(true, std::memory_order_seq_cst);
  if (!pending_.exchange(false, std::memory_order_seq_cst)) return true;
  sleeping_.store(false, std::memory_order_relaxed);
  return false;
}

// What is written after the wait has ended makes the next one end at once.
void EventWaker::end_sleep(bool is_readable) {
  sleeping_.store(false, std::memory_order_relaxed);
  pending_.store(false, std::memory_order_relaxed);
  if (!is_readable) return;
  std::uint64_t count = 0;
  static_cast<void>(!read(descriptor_, &count, sizeof count));
}

Worker::Worker(WorkerConfig config) : config_(std::move(config)) {}

Worker::~Worker() {
  stop();
}

std::vector<std::string> Worker::start() {
  thread_ = std::thread([this] { run(); });
  started_.wait(false);
  if (warning_.empty()) return {};
  return {warning_};
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  waker_.wake();
  thread_.join();
}

std::string Worker::apply_scheduling() const {
  pthread_setname_np(pthread_self(), config_.name.substr(0, 15).c_str());
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL,
        0UL);  // nanoseconds; the default of 50 µs would be jitter
  std::string refused;
  if (config_.core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(*config_.core), &set);
    const int error = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    if (error != 0) {
      refused = with_errno(
          "worker \"" + config_.name + "\" is not pinned to core " + std::to_string(*config_.core),
          error);
    }
  }
  if (config_.realtime > 0) {
    sched_param parameters{};
    parameters.sched_priority = config_.realtime;
    const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
    if (error != 0) {
      if (!refused.empty()) refused += "; ";
      refused +=
          with_errno("worker \"" + config_.name + "\" runs without real-time priority " +
                         std::to_string(config_.realtime) + " (grant CAP_SYS_NICE or LimitRTPRIO)",
                     error);
    }
  }
  return refused;
}

void Worker::run() {
  warning_ = apply_scheduling();
  started_.store(true);
  started_.notify_all();
  const RealClock clock;
  while (!stop_.load(std::memory_order_relaxed)) {
    const Instant now = clock.now();
    std::size_t work = 0;
    for (Loop* const loop : loops_) work += loop->turn(clock.now());
    const Instant after = clock.now();
    note_turn(now, after, work);
    if (config_.busy) continue;
    if (work == 0)
      sleep_from(after);
    else
      look(turns_unasked_ < kMostUnasked);
  }
}

// After a turn with work, others of this worker's loops may have some; what descriptors have waits
// for the next wait, which the kernel answers for all of them in one call.
void Worker::look(bool is_unasked) {
  if (is_unasked) {
    ++turns_unasked_;
    for (Loop* const loop : loops_) loop->not_asked();
    return;
  }
  collect_descriptors();
  static_cast<void>(wait(Duration{}));
}

void Worker::note_turn(Instant before, Instant after, std::size_t work) {
  if (record_.turns++ == 0) record_.started = before;
  if (work > 0) ++record_.turns_with_work;
  if (after - before <= record_.longest_turn) return;
  record_.longest_turn = after - before;
  record_.longest_turn_at = before;
}

void Worker::collect_descriptors() {
  readable_.clear();
  writable_.clear();
  for (const Loop* const loop : loops_) {
    loop->append_descriptors(readable_);
    loop->append_writable(writable_);
  }
  polls_.clear();
  polls_.push_back({waker_.descriptor(), POLLIN, 0});
  for (const int descriptor : readable_) polls_.push_back({descriptor, POLLIN, 0});
  for (const int descriptor : writable_) polls_.push_back({descriptor, POLLOUT, 0});
}

// In the order of collect_descriptors().
void Worker::tell_ready() {
  ready_.clear();
  for (std::size_t i = 0; i < readable_.size(); ++i)
    if (polls_[i + 1].revents != 0) ready_.push_back(readable_[i]);
  for (Loop* const loop : loops_) loop->polled(ReadyDescriptors(ready_));
}

// Of what is readable. False: nothing was, in all that time.
bool Worker::wait(Duration longest) {
  timespec timeout{};
  timeout.tv_sec = longest.count() / 1'000'000'000;
  timeout.tv_nsec = longest.count() % 1'000'000'000;
  const int ready = ppoll(polls_.data(), polls_.size(), &timeout, nullptr);
  if (ready >= 0) tell_ready();
  turns_unasked_ = 0;
  return ready != 0;
}

void Worker::sleep_from(Instant now) {
  Instant deadline = kNever;
  bool live = false;
  bool polled = false;
  for (const Loop* const loop : loops_) {
    deadline = std::min(deadline, loop->next_deadline());
    live = live || loop->is_live();
    polled = polled || loop->must_poll();
  }
  if (polled) deadline = std::min(deadline, now + (live ? config_.live_sleep : config_.idle_sleep));
  const Duration sleep = std::clamp<Duration>(deadline - now, Duration{}, std::chrono::seconds(1));
  if (sleep.count() <= 0) return;
  collect_descriptors();
  if (!waker_.prepare_sleep()) return;
  const bool was_ready = wait(sleep);
  waker_.end_sleep(polls_[0].revents != 0);
  if (was_ready) return;
  const Instant woken = RealClock{}.now();
  if (woken - now - sleep <= record_.latest_wake) return;
  record_.latest_wake = woken - now - sleep;
  record_.latest_wake_at = woken;
}

}  // namespace usbgw::app

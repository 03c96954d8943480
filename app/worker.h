// A thread that runs loops in turn, and idles the way its core allows: busy-polling on a core of
// its own, else sleeping until the next deadline, a readable descriptor or a wake-up.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/loop.h"
#include "common/result.h"

namespace usbgw::app {

// An eventfd that is written only when the sleeper sleeps.
class EventWaker final : public Waker {
 public:
  EventWaker();
  ~EventWaker() override;
  EventWaker(const EventWaker&) = delete;
  EventWaker& operator=(const EventWaker&) = delete;

  void wake() override;

  // The sleeper's side: true when it may sleep on descriptor(); false when it was woken meanwhile.
  [[nodiscard]] bool prepare_sleep();
  // `is_readable`: descriptor() is.
  void end_sleep(bool is_readable);
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  std::atomic<bool> pending_{false};
  std::atomic<bool> sleeping_{false};
};

struct WorkerConfig {
  std::string name;         // at most 15 characters: shown by ps -L
  std::optional<int> core;  // pinned; none: anywhere
  int realtime = 0;         // SCHED_FIFO priority; 0: none
  bool busy = false;        // never sleep
  Duration live_sleep =
      std::chrono::microseconds(100);  // between polls (Loop::must_poll) while a stream is open
  Duration idle_sleep = std::chrono::milliseconds(2);  // and while none is
};

// How punctual a worker was, since it started: its own stalls explain its streams' tails.
struct WorkerRecord {
  std::uint64_t turns = 0;
  std::uint64_t turns_with_work = 0;
  Duration longest_turn{};  // of all loops together
  Instant longest_turn_at{};
  Duration latest_wake{};  // behind the planned end of a sleep
  Instant latest_wake_at{};
  Instant started{};
};

class Worker {
 public:
  explicit Worker(WorkerConfig config);
  ~Worker();  // stops and joins

  // Before start(); the loops outlive the worker.
  void add(Loop& loop) { loops_.push_back(&loop); }
  // Refused rights (pinning, real-time) are returned as a warning text and the worker runs without.
  [[nodiscard]] std::vector<std::string> start();
  void stop();
  // After stop().
  [[nodiscard]] const WorkerRecord& record() const { return record_; }
  [[nodiscard]] const std::string& name() const { return config_.name; }
  [[nodiscard]] EventWaker& waker() { return waker_; }

 private:
  void run();
  void sleep_from(Instant now);
  void look(bool is_unasked);
  [[nodiscard]] bool wait(Duration longest);
  void note_turn(Instant before, Instant after, std::size_t work);
  [[nodiscard]] std::string apply_scheduling() const;
  void collect_descriptors();
  void tell_ready();

  WorkerConfig config_;
  EventWaker waker_;
  std::vector<Loop*> loops_;
  std::vector<int> readable_;
  std::vector<int> writable_;
  std::vector<pollfd> polls_;
  std::vector<int> ready_;
  int turns_unasked_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<bool> started_{false};
  std::string warning_;
  WorkerRecord record_;
  std::thread thread_;
};

}  // namespace usbgw::app

#include "app/worker.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <semaphore>

namespace usbgw::app {
namespace {

// Input that a descriptor announces, as a socket's: counts how often it was read, and how often in
// vain.
class EventLoop final : public Loop {
 public:
  EventLoop() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~EventLoop() override { close(descriptor_); }

  std::size_t turn(Instant now) override {
    static_cast<void>(now);
    if (std::exchange(is_known_empty_, false)) {
      skipped_.release();
      return 0;
    }
    std::uint64_t count = 0;
    if (read(descriptor_, &count, sizeof count) != sizeof count) return 0;
    read_.release();
    return 1;
  }
  [[nodiscard]] Instant next_deadline() const override { return kNever; }
  void append_descriptors(std::vector<int>& readable) const override {
    readable.push_back(descriptor_);
  }
  void polled(const ReadyDescriptors& ready) override {
    is_known_empty_ = !ready.contains(descriptor_);
  }

  void give() {
    const std::uint64_t one = 1;
    ASSERT_EQ(write(descriptor_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
  }
  void await_read() { read_.acquire(); }
  void await_skipped() { skipped_.acquire(); }

 private:
  int descriptor_;
  bool is_known_empty_ = false;  // the worker's
  std::counting_semaphore<> read_{0};
  std::counting_semaphore<> skipped_{0};
};

TEST(Worker, LoopWhoseDescriptorIsNotReady_IsToldSoAndMissesNothing) {
  WorkerConfig config;
  config.name = "test";
  config.idle_sleep = std::chrono::microseconds(50);
  Worker worker(config);
  EventLoop busy;
  EventLoop quiet;
  worker.add(busy);
  worker.add(quiet);
  EXPECT_TRUE(worker.start().empty());
  for (int i = 0; i < 200; ++i) {
    busy.give();
    busy.await_read();
    quiet.await_skipped();
  }
  quiet.give();
  quiet.await_read();
  worker.stop();
  EXPECT_GE(worker.record().turns_with_work, 2u);
}

TEST(Worker, LoopThatAlwaysHasWork_KeepsNoOtherFromItsDescriptor) {
  class Endless final : public Loop {
   public:
    std::size_t turn(Instant) override { return 1; }
    [[nodiscard]] Instant next_deadline() const override { return kNever; }
  } endless;
  WorkerConfig config;
  config.name = "test";
  Worker worker(config);
  EventLoop events;
  worker.add(endless);
  worker.add(events);
  EXPECT_TRUE(worker.start().empty());
  for (int i = 0; i < 200; ++i) {
    events.give();
    events.await_read();
  }
  worker.stop();
}

TEST(Worker, WakeUpsAreNotLost_AndDoNotKeepItAwake) {
  WorkerConfig config;
  config.name = "test";
  Worker worker(config);
  class Asked final : public Loop {
   public:
    std::size_t turn(Instant) override {
      if (asked.exchange(false)) answered.release();
      return 0;
    }
    [[nodiscard]] Instant next_deadline() const override { return kNever; }
    std::atomic<bool> asked{false};
    std::counting_semaphore<> answered{0};
  } loop;
  worker.add(loop);
  EXPECT_TRUE(worker.start().empty());
  for (int i = 0; i < 1000; ++i) {
    loop.asked = true;
    worker.waker().wake();
    loop.answered.acquire();
  }
  worker.stop();
  EXPECT_LT(worker.record().turns, 10'000u);
}

}  // namespace
}  // namespace usbgw::app

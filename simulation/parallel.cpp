#include "simulation/parallel.h"

#include <tbb/parallel_for.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <mutex>

namespace usbgw::simulation {
namespace {

using WallClock = std::chrono::steady_clock;

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double seconds_since(WallClock::time_point start) {
  return std::chrono::duration<double>(WallClock::now() - start).count();
}

class Progress {
 public:
  Progress(std::string title, std::size_t count)
      : title_(std::move(title)), count_(count), is_terminal_(isatty(STDERR_FILENO) == 1) {}
  void one_done() {
    const std::scoped_lock lock(mutex_);
    ++done_;
    const double elapsed = seconds_since(start_);
    const bool is_last = done_ == count_;
    if (!is_last && elapsed - shown_ < (is_terminal_ ? 0.2 : 10.0)) return;
    shown_ = elapsed;
    if (is_terminal_) {
      constexpr std::size_t kWidth = 30;
      const std::string bar(done_ * kWidth / count_, '#');
      std::fprintf(stderr, "\r\033[K%s [%-30s] %zu of %zu, %.0f s%s", title_.c_str(), bar.c_str(),
                   done_, count_, elapsed, is_last ? "\n" : "");
    } else {
      std::fprintf(stderr, "%s: %zu of %zu, %.0f s\n", title_.c_str(), done_, count_, elapsed);
    }
  }
  [[nodiscard]] double elapsed() const { return seconds_since(start_); }

 private:
  std::mutex mutex_;
  std::string title_;
  std::size_t count_;
  std::size_t done_ = 0;
  bool is_terminal_;
  WallClock::time_point start_ = WallClock::now();
  double shown_ = 0;
};

}  // namespace

Speed run_parallel(const std::string& title, std::size_t count,
                   const std::function<void(std::size_t)>& work) {
  Progress progress(title, count);
  const double before = cpu_seconds();
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, count, 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        for (std::size_t i = range.begin(); i != range.end(); ++i) {
          work(i);
          progress.one_done();
        }
      },
      tbb::simple_partitioner());
  return {progress.elapsed(), cpu_seconds() - before};
}

std::string speed_text(double simulated_seconds, const Speed& speed) {
  char text[160];
  std::snprintf(text, sizeof text,
                "%.0f s simulated in %.1f s: %.0f times real time (%.0f for each second of a core)",
                simulated_seconds, speed.wall_seconds, simulated_seconds / speed.wall_seconds,
                simulated_seconds / speed.cpu_seconds);
  return text;
}

}  // namespace usbgw::simulation

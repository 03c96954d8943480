// Judges a stream of counter frames one by one: every missing, repeated, altered or silent frame is
// counted and placed. Faults in the first 50 ms of a run are lead-in and those in the last 20 ms
// are its tail (a player's start and stop); all others are `inside`, and one is too many.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace usbgw::device::software {

struct FrameFaults {
  std::uint64_t missing = 0;
  std::uint64_t repeated = 0;
  std::uint64_t altered = 0;
  std::uint64_t silent = 0;
  std::uint64_t starved = 0;  // service intervals that nobody had queued a packet for

  [[nodiscard]] std::uint64_t total() const {
    return missing + repeated + altered + silent + starved;
  }
  FrameFaults& operator+=(const FrameFaults& other);
};

// Frames of a run that were not the expected ones, and good ones between them that are fewer than a
// quarter of a second's.
struct Disturbance {
  std::uint64_t first = 0;  // frames of its run before it
  std::uint64_t frames = 0;
};

struct JudgeReport {
  std::uint64_t runs = 0;     // streams that carried the pattern
  std::uint64_t frames = 0;   // all that came, silence too
  std::uint64_t counted = 0;  // frames whose counter was the expected one
  std::uint64_t leading_silence = 0;
  std::uint64_t longest_leading_silence = 0;
  std::uint64_t trailing_silence = 0;
  std::uint32_t first = 0;  // counters of the newest run
  std::uint32_t last = 0;
  std::uint64_t first_fault_frame = 0;  // frame of its run with the first inside fault; 0: none
  FrameFaults lead_in;
  FrameFaults inside;
  FrameFaults tail;
  std::vector<Disturbance> disturbances;  // the first 64 inside any run
};

class CounterJudge {
 public:
  explicit CounterJudge(std::uint32_t rate) : rate_(rate) {}

  void start_run();
  void frame(std::uint32_t counter, bool is_intact);
  // An interval passed without a packet. Counts once the run goes on; at its end it is trailing.
  void starved_interval();
  void end_run();

  // A copy in which the current run is closed.
  [[nodiscard]] JudgeReport report() const;
  [[nodiscard]] bool is_in_pattern() const { return has_begun_; }

 private:
  struct Recent {
    std::uint64_t frame = 0;  // of its run, the first good one
    std::uint64_t first = 0;  // frames of its run before it
    FrameFaults faults;
  };
  void expected_frame(std::uint32_t counter);
  void unexpected_frame(std::uint32_t counter);
  void resume_after_silence(std::uint32_t counter);
  void jump_to(std::uint32_t counter);
  void fault(const FrameFaults& faults);
  void settle(std::uint64_t older_than);
  void note(const Recent& recent);

  std::uint32_t rate_;
  JudgeReport report_;
  bool has_begun_ = false;        // the pattern's first frame has come
  std::uint64_t run_frames_ = 0;  // since the run started
  std::uint32_t expected_ = 0;
  std::uint32_t previous_ = 0;       // newest frame of an unresolved mismatch
  std::uint64_t unresolved_ = 0;     // frames in place of expected_, expected_ + 1, ...
  std::uint64_t silence_ = 0;        // frames of silence since the last pattern frame
  std::uint64_t starved_ = 0;        // intervals since the last pattern frame
  std::deque<Recent> recent_;        // faults younger than the tail
  std::uint64_t doubtful_from_ = 0;  // frames before those unresolved or silent
  bool is_disturbed_ = false;        // in this run
};

}  // namespace usbgw::device::software

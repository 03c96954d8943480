#include "usbside/device/software/counter_judge.h"

#include <algorithm>
#include <utility>

#include "usbside/device/software/counter_pattern.h"

namespace usbgw::device::software {
namespace {

// design.md, section 11: from the end of a lead-in of at most 50 ms to within 20 ms of the end.
constexpr std::uint32_t kLeadInPerSecond = 20;
constexpr std::uint32_t kTailPerSecond = 50;

// Frames of 1 ms that may stand in place of the expected ones before the judge starts over.
constexpr std::uint64_t kMaxUnresolved = 4096;

constexpr std::uint32_t kApartPerSecond = 4;
constexpr std::size_t kMostDisturbances = 64;

}  // namespace

FrameFaults& FrameFaults::operator+=(const FrameFaults& other) {
  missing += other.missing;
  repeated += other.repeated;
  altered += other.altered;
  silent += other.silent;
  starved += other.starved;
  return *this;
}

void CounterJudge::start_run() {
  end_run();
  has_begun_ = false;
  run_frames_ = 0;
  unresolved_ = silence_ = starved_ = 0;
  is_disturbed_ = false;
}

void CounterJudge::end_run() {
  if (!has_begun_) return;
  settle(run_frames_ - std::min<std::uint64_t>(run_frames_, rate_ / kTailPerSecond));
  for (const Recent& each : recent_) report_.tail += each.faults;
  recent_.clear();
  report_.tail.altered += unresolved_;
  report_.trailing_silence += silence_;
  unresolved_ = silence_ = starved_ = 0;
  has_begun_ = false;
}

JudgeReport CounterJudge::report() const {
  CounterJudge copy = *this;
  copy.end_run();
  return copy.report_;
}

void CounterJudge::starved_interval() {
  if (has_begun_) ++starved_;
}

void CounterJudge::fault(const FrameFaults& faults) {
  if (run_frames_ <= rate_ / kLeadInPerSecond) {
    report_.lead_in += faults;
  } else {
    const bool is_doubtful = faults.starved == 0;  // the others end what was doubtful
    recent_.push_back({run_frames_, is_doubtful ? doubtful_from_ : run_frames_ - 1, faults});
  }
}

void CounterJudge::settle(std::uint64_t older_than) {
  while (!recent_.empty() && recent_.front().frame <= older_than) {
    if (report_.first_fault_frame == 0) report_.first_fault_frame = recent_.front().frame;
    report_.inside += recent_.front().faults;
    note(recent_.front());
    recent_.pop_front();
  }
}

void CounterJudge::note(const Recent& recent) {
  const std::uint64_t end = recent.frame - 1;
  auto& all = report_.disturbances;
  const bool is_same = is_disturbed_ && recent.first < all.back().first + all.back().frames +
                                                           rate_ / kApartPerSecond;
  if (is_same) {
    all.back().frames = end - all.back().first;
  } else if (all.size() < kMostDisturbances) {
    all.push_back({recent.first, end - recent.first});
    is_disturbed_ = true;
  }
}

void CounterJudge::frame(std::uint32_t counter, bool is_intact) {
  ++report_.frames;
  ++run_frames_;
  if (counter == 0 && is_intact) {
    if (has_begun_) {
      if (unresolved_ == 0 && silence_ == 0) doubtful_from_ = run_frames_ - 1;
      ++silence_;
    } else {
      ++report_.leading_silence;
      report_.longest_leading_silence = std::max(report_.longest_leading_silence, run_frames_);
    }
    return;
  }
  if (!has_begun_) {
    has_begun_ = true;
    ++report_.runs;
    report_.first = counter;
    expected_ = counter;
  }
  const bool is_first_doubt = unresolved_ == 0 && silence_ == 0;
  if (starved_ != 0) fault({.starved = std::exchange(starved_, 0)});
  if (silence_ != 0) resume_after_silence(counter);
  if (is_first_doubt) doubtful_from_ = run_frames_ - 1;
  if (!is_intact) {
    // The channels disagree: altered, whatever the counter says.
    previous_ = 0;
    ++unresolved_;
  } else if (unresolved_ == 0 && counter == expected_) {
    expected_frame(counter);
  } else {
    unexpected_frame(counter);
  }
  if (run_frames_ > rate_ / kTailPerSecond) settle(run_frames_ - rate_ / kTailPerSecond);
}

void CounterJudge::expected_frame(std::uint32_t counter) {
  ++report_.counted;
  report_.last = counter;
  expected_ = next_counter(counter);
}

// Silence stood either in place of frames (the counter has gone on) or between them.
void CounterJudge::resume_after_silence(std::uint32_t counter) {
  const std::uint64_t run = std::exchange(silence_, 0);
  fault({.silent = run});
  const auto behind = static_cast<std::uint32_t>(expected_ + unresolved_ + run);
  if (counter == behind) {
    fault({.altered = std::exchange(unresolved_, 0)});
    expected_ = counter;
  }
}

// One frame alone cannot tell an altered sample from a jump: the next one decides.
void CounterJudge::unexpected_frame(std::uint32_t counter) {
  const auto in_place = static_cast<std::uint32_t>(expected_ + unresolved_);
  if (unresolved_ != 0 && counter == in_place) {
    fault({.altered = std::exchange(unresolved_, 0)});
    return expected_frame(counter);
  }
  if (unresolved_ != 0 && previous_ != 0 && counter == next_counter(previous_)) {
    jump_to(previous_);
    return expected_frame(counter);
  }
  previous_ = counter;
  if (++unresolved_ > kMaxUnresolved) {
    fault({.altered = std::exchange(unresolved_, 0)});
    expected_ = next_counter(counter);
  }
}

// The stream goes on at `counter`, which was the newest unresolved frame.
void CounterJudge::jump_to(std::uint32_t counter) {
  const std::uint64_t altered = std::exchange(unresolved_, 0) - 1;
  const auto distance =
      static_cast<std::int32_t>(counter - static_cast<std::uint32_t>(expected_ + altered));
  FrameFaults faults{.altered = altered};
  if (distance > 0) faults.missing = static_cast<std::uint64_t>(distance);
  if (distance < 0) faults.repeated = static_cast<std::uint64_t>(-std::int64_t{distance});
  fault(faults);
  expected_frame(counter);
}

}  // namespace usbgw::device::software

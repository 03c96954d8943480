// A level that should stay where it began: its means over a second each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/timeline.h"
#include "usbside/host/attachment_status.h"

namespace usbgw::host {

class LevelTrack {
 public:
  void add(Duration level, Instant now) {
    if (count_ == 0) since_ = now;
    sum_ += level;
    ++count_;
    if (now - since_ < kOver) return;
    const Duration mean = sum_ / count_;
    sum_ = {};
    count_ = 0;
    if (!level_) level_ = LevelStatus{mean, mean, mean, mean};
    level_->now = mean;
    level_->least = std::min(level_->least, mean);
    level_->most = std::max(level_->most, mean);
  }
  void restart() { *this = {}; }
  // None until a second is over.
  [[nodiscard]] const std::optional<LevelStatus>& status() const { return level_; }

 private:
  static constexpr Duration kOver = std::chrono::seconds(1);

  std::optional<LevelStatus> level_;
  Instant since_{};
  Duration sum_{};
  std::int64_t count_ = 0;
};

}  // namespace usbgw::host

#include "usbside/device/nominal_length.h"

#include <algorithm>

namespace usbgw::device {

NominalLength::NominalLength(const std::optional<wire::AudioFormat>& format, Duration interval) {
  if (!format || !format->is_pcm) return;
  is_pcm_ = true;
  frame_bytes_ = std::max<std::uint64_t>(format->frame_bytes(), 1);
  const bool is_one_rate = format->sample_rates.size() == 1 && !format->rates_are_range;
  if (is_one_rate)
    stated_ = std::uint64_t{format->sample_rates[0]} * static_cast<std::uint64_t>(interval.count());
}

void NominalLength::add(std::uint32_t length) {
  sum_ += length;
  sum_ -= lengths_[at_];
  lengths_[at_] = length;
  at_ = (at_ + 1) % kRemembered;
  count_ = std::min(count_ + 1, kRemembered);
}

std::uint32_t NominalLength::next() {
  if (!is_pcm_) return 0;
  const bool has_seen = count_ > 0;
  const std::uint64_t unit = has_seen ? count_ * frame_bytes_ : 1'000'000'000;
  if (unit != unit_) owed_ = 0;
  unit_ = unit;
  owed_ += has_seen ? sum_ : stated_;
  const std::uint64_t frames = owed_ / unit;
  owed_ -= frames * unit;
  return static_cast<std::uint32_t>(frames * frame_bytes_);
}

}  // namespace usbgw::device

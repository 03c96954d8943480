#include "usbside/host/report_queue.h"

#include <algorithm>

#include "common/assertion.h"

namespace usbgw::host {

bool ReportQueue::push(UrbStatus status, std::span<const std::byte> report) {
  if (count_ == entries_.size() || report.size() > report_bytes_) return false;
  const std::size_t at = (first_ + count_) % entries_.size();
  entries_[at] = {status, report.size()};
  std::copy(report.begin(), report.end(),
            bytes_.begin() + static_cast<std::ptrdiff_t>(at * report_bytes_));
  ++count_;
  return true;
}

ReportQueue::Report ReportQueue::front() const {
  USBGW_ASSERT(count_ > 0);
  const Entry& entry = entries_[first_];
  return {entry.status, std::span(bytes_).subspan(first_ * report_bytes_, entry.length)};
}

void ReportQueue::pop() {
  USBGW_ASSERT(count_ > 0);
  first_ = (first_ + 1) % entries_.size();
  --count_;
}

}  // namespace usbgw::host

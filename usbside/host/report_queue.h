// Reports of a polled endpoint that no URB has asked for yet. Fixed memory, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/usb.h"

namespace usbgw::host {

class ReportQueue {
 public:
  ReportQueue(std::size_t reports, std::size_t report_bytes)
      : entries_(reports), report_bytes_(report_bytes), bytes_(reports * report_bytes) {}

  // False when it is full or the report is longer than any may be.
  [[nodiscard]] bool push(UrbStatus status, std::span<const std::byte> report);
  struct Report {
    UrbStatus status = UrbStatus::ok;
    std::span<const std::byte> bytes;
  };
  // Valid until pop() or push(); not when empty.
  [[nodiscard]] Report front() const;
  void pop();
  void clear() { count_ = 0; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::size_t report_bytes() const { return report_bytes_; }

 private:
  struct Entry {
    UrbStatus status = UrbStatus::ok;
    std::size_t length = 0;
  };
  std::vector<Entry> entries_;
  std::size_t report_bytes_;
  std::vector<std::byte> bytes_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace usbgw::host

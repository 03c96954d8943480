// The single questions of `usbgw doctor`, asked of a machine's /sys and /proc (or of a copy of
// them, in tests).
#pragma once

#include <cstdint>
#include <string>

#include "common/histogram.h"
#include "config/document.h"

namespace usbgw::app {

enum class Verdict : std::uint8_t { good, poor, missing };
[[nodiscard]] const char* to_string(Verdict verdict);

struct Finding {
  std::string name;
  Verdict verdict = Verdict::good;
  std::string text;  // what is there, and what that costs
};

// `root` is put before /sys and /proc; empty on a real machine.
[[nodiscard]] Finding check_vhci(const std::string& root, bool is_needed);
[[nodiscard]] Finding check_usbfs_memory(const std::string& root);
[[nodiscard]] Finding check_hugepages(const std::string& root, bool is_needed);
[[nodiscard]] Finding check_cpus(const std::string& root, unsigned cpus);
[[nodiscard]] Finding check_port(const std::string& root,
                                 const config::DataplaneSection& dataplane);

// Lateness of wake-ups in ns: ordinary scheduling, or SCHED_FIFO.
[[nodiscard]] Finding judge_lateness(const Histogram& lateness, bool is_realtime);

}  // namespace usbgw::app

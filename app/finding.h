// One answer of `usbgw doctor`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/timeline.h"

namespace usbgw::app {

// `unknown` is no fault: it could not be asked.
enum class Verdict : std::uint8_t { good, poor, missing, unknown };
[[nodiscard]] const char* to_string(Verdict verdict);

struct Bar {
  std::int64_t up_to = 0;  // ns; 0: longer than all before
  std::uint64_t count = 0;
};

struct Finding {
  std::string name;
  Verdict verdict = Verdict::good;
  std::string text;                             // what is there, and what that costs
  std::optional<Duration> cost = std::nullopt;  // latency that it adds, where that is known
  std::vector<Bar> bars = {};                   // what was measured
};

// "0.25 ms"; empty where it is not known.
[[nodiscard]] std::string cost_text(const Finding& finding);
// As a table, and as --json prints them.
[[nodiscard]] std::string findings_text(const std::vector<Finding>& findings);
[[nodiscard]] std::string findings_json(const std::vector<Finding>& findings);

}  // namespace usbgw::app

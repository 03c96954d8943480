#include "app/finding.h"

#include <nlohmann/json.hpp>

#include "app/report_text.h"
#include "app/text_table.h"

namespace usbgw::app {
namespace {

double milliseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e6;
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::poor:
      return "poor";
    case Verdict::missing:
      return "missing";
    case Verdict::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string cost_text(const Finding& finding) {
  return finding.cost ? milliseconds_text(finding.cost->count()) : std::string();
}

std::string findings_text(const std::vector<Finding>& findings) {
  TextTable table({"", "WHAT", "ADDS", "HOW IT IS AND WHAT THAT COSTS"});
  for (const Finding& finding : findings) {
    table.add({to_string(finding.verdict), finding.name, cost_text(finding), finding.text});
  }
  return table.text();
}

std::string findings_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json one = {{"name", finding.name},
                                  {"verdict", to_string(finding.verdict)},
                                  {"text", finding.text},
                                  {"cost_ms", nullptr}};
    if (finding.cost) one["cost_ms"] = milliseconds(finding.cost->count());
    for (const Bar& bar : finding.bars) {
      nlohmann::ordered_json up_to = nullptr;
      if (bar.up_to > 0) up_to = milliseconds(bar.up_to);
      one["histogram"].push_back({{"up_to_ms", up_to}, {"count", bar.count}});
    }
    list.push_back(std::move(one));
  }
  return nlohmann::ordered_json{{"findings", list}}.dump(2) + "\n";
}

}  // namespace usbgw::app

// AudioFunction's report. The keys are what the guest tests read.
#include <nlohmann/json.hpp>

#include "usbside/device/software/audio_function.h"

namespace usbgw::device::software {
namespace {

using Json = nlohmann::ordered_json;

// What counts as a fault has the plain names; what start and stop may do has a prefix.
void add(Json& json, const std::string& prefix, const FrameFaults& faults) {
  json[prefix + "missing"] = faults.missing;
  json[prefix + "repeated"] = faults.repeated;
  json[prefix + "altered"] = faults.altered;
  json[prefix + "silent"] = faults.silent;
  json[prefix + "starved"] = faults.starved;
}

Json to_json(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"min_us", static_cast<double>(histogram.min()) / 1e3},
          {"p50_us", static_cast<double>(histogram.quantile(0.5)) / 1e3},
          {"p99_us", static_cast<double>(histogram.quantile(0.99)) / 1e3},
          {"max_us", static_cast<double>(histogram.max()) / 1e3}};
}

Json out_json(const JudgeReport& report, const AudioOutCounters& out) {
  Json json{{"runs", report.runs},
            {"packets", out.packets},
            {"frames", report.frames},
            {"counted", report.counted}};
  add(json, "", report.inside);
  json["first_fault_frame"] = report.first_fault_frame;
  json["late_events"] = out.late_events;
  json["bad_length"] = out.bad_length;
  add(json, "lead_in_", report.lead_in);
  add(json, "tail_", report.tail);
  json["first"] = report.first;
  json["last"] = report.last;
  json["leading_silence"] = report.leading_silence;
  json["longest_leading_silence"] = report.longest_leading_silence;
  json["trailing_silence"] = report.trailing_silence;
  json["feedbacks"] = out.feedbacks;
  Json disturbances = Json::array();
  for (const Disturbance& each : report.disturbances)
    disturbances.push_back({each.first, each.frames});
  json["disturbances"] = std::move(disturbances);  // [frames before, frames]
  json["fifo_min"] = out.fifo_min;
  json["fifo_max"] = out.fifo_max;
  return json;
}

}  // namespace

std::string AudioFunction::statistics() const {
  const Json json = {{"device", description_.product},
                     {"rate", options_.rate},
                     {"channels", options_.channels},
                     {"out", out_json(judge_.report(), out_)},
                     {"in",
                      {{"streams", in_.streams},
                       {"packets", in_.packets},
                       {"frames", in_.frames},
                       {"starved", in_.starved},
                       {"starved_events", in_.starved_events},
                       {"cut", in_.cut}}},
                     {"round_trip", to_json(round_trip_.histogram())}};
  return json.dump();
}

std::string AudioFunction::summary() const {
  const JudgeReport report = judge_.report();
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  return "out: " + number(report.counted) + " samples, " + number(report.inside.missing) +
         " missing, " + number(report.inside.repeated) + " repeated, " +
         number(report.inside.altered) + " altered, " + number(report.inside.silent) + " silent, " +
         number(report.inside.starved) + " starved; in: " + number(in_.frames) + " samples, " +
         number(in_.starved) + " starved";
}

}  // namespace usbgw::device::software

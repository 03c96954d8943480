// AudioFunction's report. The keys are what the guest tests read.
#include <nlohmann/json.hpp>

#include "usbside/device/software/audio_function.h"

namespace usbgw::device::software {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const FrameFaults& faults) {
  return {{"missing", faults.missing},
          {"repeated", faults.repeated},
          {"altered", faults.altered},
          {"silent", faults.silent},
          {"starved", faults.starved}};
}

Json to_json(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"min_us", static_cast<double>(histogram.min()) / 1e3},
          {"p50_us", static_cast<double>(histogram.quantile(0.5)) / 1e3},
          {"p99_us", static_cast<double>(histogram.quantile(0.99)) / 1e3},
          {"max_us", static_cast<double>(histogram.max()) / 1e3}};
}

Json out_json(const JudgeReport& report, const AudioOutCounters& out) {
  return {{"runs", report.runs},
          {"packets", out.packets},
          {"frames", report.frames},
          {"counted", report.counted},
          {"first", report.first},
          {"last", report.last},
          {"leading_silence", report.leading_silence},
          {"longest_leading_silence", report.longest_leading_silence},
          {"trailing_silence", report.trailing_silence},
          {"lead_in", to_json(report.lead_in)},
          {"inside", to_json(report.inside)},
          {"tail", to_json(report.tail)},
          {"first_fault_frame", report.first_fault_frame},
          {"late_events", out.late_events},
          {"bad_length", out.bad_length},
          {"feedbacks", out.feedbacks},
          {"fifo_min", out.fifo_min},
          {"fifo_max", out.fifo_max}};
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

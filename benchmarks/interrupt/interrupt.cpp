// Reports of polled endpoints under loss: none lost, none repeated, 99.99 % in time.
//
// The whole system with 0.7 % of the datagrams lost each way, acknowledgements too; machine A. Over
// the base: from the bus transaction to the completion at the driver, less the path's delay.
//
// Targets: every report once and in order; the share of those later than 5 ms over the base below
// 1e-4 by its upper 95 % bound. A late report holds up those behind it, so runs of late reports are
// the events that the bound counts.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/text_table.h"
#include "benchmarks/interrupt/run.h"
#include "benchmarks/timing/machines.h"
#include "benchmarks/timing/options.h"
#include "common/poisson.h"
#include "simulation/parallel.h"
#include "usbside/device/software/hid_function.h"
#include "usbside/device/software/midi_function.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using simulation::run_parallel;
using simulation::speed_text;

constexpr double kLoss = 0.007;
constexpr double kMostLate = 1e-4;

// Boot mouse and keyboard at full speed; a DIN MIDI cable carries an event each millisecond.
std::vector<ReportKind> kinds() {
  using namespace device::software;
  return {{"HID, 1 kHz", "hid", kMouseIn, 4, 1, 4, {}, 1, 1ms},
          {"keyboard", "hid", kKeyboardIn, 8, 1, 8, 50ms, 2, 8ms},
          {"MIDI", "midi", kMidiIn, 4, 7, 64, 40ms, 8, 1ms}};
}

struct Result {
  std::string name;
  ReportCase one;
  ReportFigures figures;

  [[nodiscard]] double late_bound() const {
    const auto runs = static_cast<double>(figures.late_runs);
    const double per_run = figures.late_runs == 0 ? 1 : static_cast<double>(figures.late) / runs;
    return poisson_upper(static_cast<double>(figures.late_runs)) * per_run /
           static_cast<double>(figures.received);
  }
  // Whether none late would be enough to meet the target.
  [[nodiscard]] bool is_judged() const {
    return poisson_upper(0) < kMostLate * static_cast<double>(figures.received);
  }
  [[nodiscard]] std::string missed() const {
    if (figures.lost + figures.repeated > 0 || figures.received == 0) return "lost or repeated";
    if (figures.violations > 0) return "violation";
    return is_judged() && late_bound() >= kMostLate ? "late" : "";
  }
};

std::vector<Result> make_results(const ReportOptions& options) {
  std::vector<Result> results;
  CaseFilter filter("interrupt", options);
  for (const ReportKind& kind : kinds())
    for (const Duration round_trip : {500us, 8000us}) {
      Result result;
      char text[64];
      std::snprintf(text, sizeof text, "%s, RTT %.1f ms", kind.name.c_str(),
                    to_milliseconds(round_trip));
      result.name = text;
      result.one.kind = kind;
      result.one.network.delay = round_trip / 2;
      result.one.network.loss = kLoss;
      result.one.machine = machine_a(options);
      if (filter.takes(result.name)) results.push_back(std::move(result));
    }
  filter.require_any();
  return results;
}

std::string number(double value, const char* format) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string ms(std::int64_t nanoseconds) {
  return number(static_cast<double>(nanoseconds) * 1e-6, "%.2f");
}

double per_source(const ReportFigures& figures, std::uint64_t what) {
  return static_cast<double>(what) /
         static_cast<double>(std::max<std::uint64_t>(figures.sources, 1));
}

void print_table(const std::vector<Result>& results) {
  app::TextTable table({"CASE", "REPORTS", "LOST", "REPEATED", "P50", "P99", "P99.9", "P99.99",
                        "MAX", "LATE", "BOUND", "SENT AGAIN", "DATAGRAMS", "BYTES", "BACK",
                        "BYTES BACK", "TARGET"});
  for (const Result& result : results) {
    const ReportFigures& f = result.figures;
    const std::string missed = result.missed();
    table.add({result.name, std::to_string(f.received), std::to_string(f.lost),
               std::to_string(f.repeated), ms(f.added.quantile(0.5)), ms(f.added.quantile(0.99)),
               ms(f.added.quantile(0.999)), ms(f.added.quantile(0.9999)), ms(f.added.max()),
               std::to_string(f.late), number(result.late_bound(), "%.1e"),
               number(per_source(f, f.sent_again) * 100, "%.1f %%"),
               number(per_source(f, f.datagrams), "%.2f"), number(per_source(f, f.bytes), "%.0f"),
               number(per_source(f, f.datagrams_back), "%.2f"),
               number(per_source(f, f.bytes_back), "%.0f"),
               !missed.empty()      ? "MISSED: " + missed
               : result.is_judged() ? "met"
                                    : "too few to judge 99.99 %"});
  }
  std::printf("%s", table.text().c_str());
}

nlohmann::json json_of(const Result& result) {
  const ReportFigures& f = result.figures;
  return {{"name", result.name},
          {"reports", f.received},
          {"lost", f.lost},
          {"repeated", f.repeated},
          {"p50_ns", f.added.quantile(0.5)},
          {"p99_ns", f.added.quantile(0.99)},
          {"p999_ns", f.added.quantile(0.999)},
          {"p9999_ns", f.added.quantile(0.9999)},
          {"max_ns", f.added.max()},
          {"late", f.late},
          {"late_runs", f.late_runs},
          {"late_bound", result.late_bound()},
          {"sent_again", per_source(f, f.sent_again)},
          {"datagrams", per_source(f, f.datagrams)},
          {"bytes", per_source(f, f.bytes)},
          {"datagrams_back", per_source(f, f.datagrams_back)},
          {"bytes_back", per_source(f, f.bytes_back)},
          {"judged", result.is_judged()},
          {"missed", result.missed()}};
}

struct Form {
  std::uint64_t seeds;
  std::uint64_t reports;  // of each seed
};
constexpr Form kShort{8, 50'000};
constexpr Form kFull{20, 500'000};

int report(const ReportOptions& options) {
  Form form = options.full ? kFull : kShort;
  if (options.seconds > 0) form.reports = static_cast<std::uint64_t>(options.seconds * 1000);
  std::vector<Result> results = make_results(options);
  std::vector<ReportFigures> runs(results.size() * form.seeds);
  const auto speed = run_parallel("interrupt", runs.size(), [&](std::size_t i) {
    ReportCase one = results[i / form.seeds].one;
    one.reports = form.reports;
    one.seed = options.seed + i % form.seeds;
    runs[i] = run_reports(one);
  });
  double simulated = 0;
  ReportFigures all;
  std::size_t missed = 0;
  for (std::size_t r = 0; r < results.size(); ++r) {
    Result& result = results[r];
    for (std::size_t s = 0; s < form.seeds; ++s) result.figures += runs[r * form.seeds + s];
    all += result.figures;
    simulated += result.figures.seconds;
    missed += result.missed().empty() ? 0u : 1u;
  }

  if (options.json) {
    nlohmann::json cases = nlohmann::json::array();
    for (const Result& result : results) cases.push_back(json_of(result));
    const nlohmann::json whole = {{"seeds", form.seeds}, {"first_seed", options.seed},
                                  {"loss", kLoss},       {"speed", speed_text(simulated, speed)},
                                  {"cases", cases},      {"missed", missed}};
    std::printf("%s\n", whole.dump(2).c_str());
  } else {
    print_table(results);
    std::printf(
        "interrupt: %zu cases, %llu seeds from %llu, %llu reports, %llu lost, %llu repeated, %llu "
        "over 5 ms, p99.99 %s ms, max %s ms, %zu targets missed; %s\n",
        results.size(), static_cast<unsigned long long>(form.seeds),
        static_cast<unsigned long long>(options.seed),
        static_cast<unsigned long long>(all.received), static_cast<unsigned long long>(all.lost),
        static_cast<unsigned long long>(all.repeated), static_cast<unsigned long long>(all.late),
        ms(all.added.quantile(0.9999)).c_str(), ms(all.added.max()).c_str(), missed,
        speed_text(simulated, speed).c_str());
  }
  return options.check && missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace usbgw::benchmarks

int main(int count, char** arguments) {
  using namespace usbgw::benchmarks;
  return report(
      parse_options(count, arguments, "interrupt: reports of polled endpoints under loss"));
}

#include "app/demo_virtual.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/demo_report.h"
#include "app/text_table.h"
#include "simulation/parallel.h"

namespace usbgw::app {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLength = 60s;
constexpr Duration kPlainLength = 10s;  // at most, without repair: to compare bytes with

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string two(std::uint64_t in, std::uint64_t out) {
  return std::to_string(in) + " " + std::to_string(out);
}

std::string repair_text(const config::RepairSection& repair) {
  const double spread_ms = to_milliseconds(*repair.spread);
  switch (*repair.scheme) {
    case config::RepairScheme::none:
      return "none";
    case config::RepairScheme::copy:
      return format("copy after %g ms", to_milliseconds(*repair.delay));
    case config::RepairScheme::rs:
      return format("RS(%u,%u) over %g ms", *repair.data, *repair.repair, spread_ms);
    case config::RepairScheme::window:
      return format("window of %g ms, %u for %u", spread_ms, *repair.repair, *repair.data);
    case config::RepairScheme::automatic:
      return "auto";
  }
  return {};
}

// All runs together, and one without repair: how many bytes repair costs.
class Report {
 public:
  Report(const config::Document& document, const VirtualDemoOptions& options)
      : document_(document),
        options_(options),
        length_(options.length.value_or(kLength)),
        plain_length_(std::min(length_, kPlainLength)) {
    runs_.resize(options.last_seed - options.first_seed + 1);
  }

  void run();
  void print() const;
  void print_json() const;
  [[nodiscard]] std::size_t faults() const {
    return static_cast<std::size_t>(std::count_if(
        runs_.begin(), runs_.end(), [](const VirtualRun& run) { return !run.fault.empty(); }));
  }

 private:
  [[nodiscard]] simulation::AudioCase audio(std::uint64_t seed, bool is_repaired) const;
  template <class Get>
  [[nodiscard]] std::uint64_t sum(Get get) const {
    std::uint64_t total = 0;
    for (const VirtualRun& run : runs_) total += get(run);
    return total;
  }
  // More bytes a second than without repair, as a share of those.
  [[nodiscard]] double more_bytes(const VirtualRun& run, Carried VirtualRun::*direction) const;
  [[nodiscard]] double more_bytes(Carried VirtualRun::*direction) const;
  [[nodiscard]] double overhead(Carried VirtualRun::*direction) const;
  [[nodiscard]] double lost_share() const;
  [[nodiscard]] std::string last_line() const;
  [[nodiscard]] std::string link() const { return link_text(document_.impairment); }

  const config::Document& document_;
  const VirtualDemoOptions& options_;
  Duration length_;
  Duration plain_length_;
  std::vector<VirtualRun> runs_;
  VirtualRun plain_;
  simulation::Speed speed_;
};

simulation::AudioCase Report::audio(std::uint64_t seed, bool is_repaired) const {
  VirtualRunOptions options;
  options.period = options_.period;
  options.is_repaired = is_repaired;
  simulation::AudioCase audio = audio_case_of(document_, options);
  audio.playout.playout = options_.playout.value_or(kVirtualPlayout);
  audio.seed = seed;
  return audio;
}

void Report::run() {
  speed_ = simulation::run_parallel("demo", runs_.size() + 1, [&](std::size_t i) {
    if (i == runs_.size())
      plain_ = run_virtually(audio(options_.first_seed, false), plain_length_);
    else
      runs_[i] = run_virtually(audio(options_.first_seed + i, true), length_);
  });
}

double Report::more_bytes(const VirtualRun& run, Carried VirtualRun::*direction) const {
  return (run.*direction).bytes_a_second() / (plain_.*direction).bytes_a_second() - 1;
}

double Report::more_bytes(Carried VirtualRun::*direction) const {
  double more = 0;
  for (const VirtualRun& run : runs_) more += more_bytes(run, direction);
  return more / static_cast<double>(runs_.size());
}

double Report::overhead(Carried VirtualRun::*direction) const {
  Carried all;
  for (const VirtualRun& run : runs_) {
    all.sources += (run.*direction).sources;
    all.repairs += (run.*direction).repairs;
  }
  return all.overhead();
}

double Report::lost_share() const {
  const auto lost = sum([](const VirtualRun& r) { return r.in.lost + r.out.lost; });
  const auto sent = sum([](const VirtualRun& r) { return r.in.datagrams + r.out.datagrams; });
  return static_cast<double>(lost) / static_cast<double>(std::max<std::uint64_t>(sent, 1));
}

std::string Report::last_line() const {
  const auto simulated =
      std::chrono::duration<double>(length_).count() * static_cast<double>(runs_.size()) +
      std::chrono::duration<double>(plain_length_).count();
  return format(
             "demo: %zu seeds of %g s, %llu of %llu intervals concealed, %llu samples missing, "
             "%llu "
             "altered, %llu XRUNs; ",
             runs_.size(), std::chrono::duration<double>(length_).count(),
             static_cast<unsigned long long>(
                 sum([](const VirtualRun& r) { return r.concealed(); })),
             static_cast<unsigned long long>(
                 sum([](const VirtualRun& r) { return r.in.intervals + r.out.intervals; })),
             static_cast<unsigned long long>(
                 sum([](const VirtualRun& r) { return r.in.missing() + r.out.missing(); })),
             static_cast<unsigned long long>(
                 sum([](const VirtualRun& r) { return r.in.altered() + r.out.altered(); })),
             static_cast<unsigned long long>(sum([](const VirtualRun& r) { return r.xruns; }))) +
         format(
             "D %.2f ms, %s, %.3f %% lost; symbols %.0f %% in, %.0f %% out, bytes +%.0f %% in, "
             "+%.0f %% out; ",
             to_milliseconds(runs_.front().playout), repair_text(document_.repair).c_str(),
             100 * lost_share(), 100 * overhead(&VirtualRun::in), 100 * overhead(&VirtualRun::out),
             100 * more_bytes(&VirtualRun::in), 100 * more_bytes(&VirtualRun::out)) +
         simulation::speed_text(simulated, speed_);
}

void Report::print() const {
  std::printf(
      "%s over a link with %s, both ways at once, %u frames x 2, under virtual time.\n"
      "Two numbers: IN, OUT. CONCEALED: intervals without data in time; MISSING, ALTERED: samples, "
      "as both ends judge\nthem; FEEDBACK: its values that came too late; SYMBOLS: repair for each "
      "source; BYTES: more than without repair,\nIP and UDP headers included; LATENCY: ms more "
      "than on a local bus, p50 and max.\n",
      document_.attaches.front().device->to_string().c_str(), link().c_str(), options_.period);
  TextTable table({"SEED", "LOST", "CONCEALED", "MISSING", "ALTERED", "FEEDBACK", "XRUNS", "D",
                   "REPAIR", "SYMBOLS", "BYTES", "LATENCY IN", "LATENCY OUT", ""});
  for (const VirtualRun& run : runs_) {
    const auto latency = [](const Carried& carried) {
      return format("%.2f %.2f", to_milliseconds(carried.latency_p50),
                    to_milliseconds(carried.latency_max));
    };
    table.add({std::to_string(run.seed), two(run.in.lost, run.out.lost),
               two(run.in.concealed, run.out.concealed), two(run.in.missing(), run.out.missing()),
               two(run.in.altered(), run.out.altered()), std::to_string(run.feedback_concealed),
               std::to_string(run.xruns), format("%.2f ms", to_milliseconds(run.playout)),
               repair_text(document_.repair),
               format("%.0f %.0f %%", 100 * run.in.overhead(), 100 * run.out.overhead()),
               format("+%.0f +%.0f %%", 100 * more_bytes(run, &VirtualRun::in),
                      100 * more_bytes(run, &VirtualRun::out)),
               latency(run.in), latency(run.out), run.fault.empty() ? "clean" : run.fault});
  }
  std::printf("%s%s\n", table.text().c_str(), last_line().c_str());
}

nlohmann::json json_of(const Carried& carried) {
  return {{"intervals", carried.intervals},
          {"concealed", carried.concealed},
          {"missing", carried.missing()},
          {"altered", carried.altered()},
          {"sources", carried.sources},
          {"repairs", carried.repairs},
          {"datagrams", carried.datagrams},
          {"lost", carried.lost},
          {"bytes", carried.bytes},
          {"latency_p50_ns", carried.latency_p50.count()},
          {"latency_max_ns", carried.latency_max.count()}};
}

void Report::print_json() const {
  nlohmann::json runs = nlohmann::json::array();
  for (const VirtualRun& run : runs_) {
    runs.push_back({{"seed", run.seed},
                    {"d_ns", run.playout.count()},
                    {"in", json_of(run.in)},
                    {"out", json_of(run.out)},
                    {"feedback_concealed", run.feedback_concealed},
                    {"xruns", run.xruns},
                    {"bytes_more_in", more_bytes(run, &VirtualRun::in)},
                    {"bytes_more_out", more_bytes(run, &VirtualRun::out)},
                    {"fault", run.fault}});
  }
  const nlohmann::json whole = {
      {"device", document_.attaches.front().device->to_string()},
      {"link", link()},
      {"repair", repair_text(document_.repair)},
      {"period", options_.period},
      {"seconds_each", std::chrono::duration<double>(length_).count()},
      {"runs", runs},
      {"concealed", sum([](const VirtualRun& r) { return r.concealed(); })},
      {"symbols_in", overhead(&VirtualRun::in)},
      {"symbols_out", overhead(&VirtualRun::out)},
      {"bytes_more_in", more_bytes(&VirtualRun::in)},
      {"bytes_more_out", more_bytes(&VirtualRun::out)},
      {"faults", faults()}};
  std::printf("%s\n", whole.dump(2).c_str());
}

}  // namespace

Result<int> run_virtual_demo(const config::Document& document, const VirtualDemoOptions& options) {
  Report report(document, options);
  report.run();
  if (options.json)
    report.print_json();
  else
    report.print();
  return options.check && report.faults() > 0 ? 1 : 0;
}

}  // namespace usbgw::app

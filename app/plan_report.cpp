#include "app/plan_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/text_table.h"
#include "config/quantity.h"

namespace usbgw::app {
namespace {

using session::RepairOptions;
using session::RepairScheme;

constexpr std::size_t kMostUseful = 8;

constexpr const char* kPlot = R"(set terminal pngcairo size 1100,620
set output 'plan.png'
set datafile separator ','
set key outside right top
set grid
set logscale y
set format y '10^{%L}'
set xlabel 'overhead, %'
set ylabel 'miss rate, upper 95 % bound'
set xrange [-5:*]
set offsets 0, 30, 0, 0
)";

std::string text_of(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string ms(Duration duration) {
  return text_of("%g ms", to_milliseconds(duration));
}

// As the configuration takes it.
std::string time_text(Duration duration) {
  return duration == Duration{} ? "0" : config::duration_text(duration);
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

const char* name_of(PlanVerdict verdict) {
  switch (verdict) {
    case PlanVerdict::met:
      return "met";
    case PlanVerdict::open:
      return "open";
    case PlanVerdict::missed:
      return "missed";
    case PlanVerdict::over_share:
      return "over share";
  }
  return "";
}

std::string full_name(const simulation::Scheme& scheme) {
  const bool is_told = scheme.repair.resends && !scheme.is_controller();
  return scheme_text(scheme.repair) + (is_told ? " with requests" : "");
}

double an_hour(const Plan& plan, double rate) {
  return rate * 3600e9 / static_cast<double>(plan.request.interval.count());
}

std::string an_hour_text(const Plan& plan, double rate) {
  const double count = an_hour(plan, rate);
  return text_of(count < 9.95 ? "%.1f" : "%.0f", count);
}

std::vector<std::string> cells(const Plan& plan, const PlanRow& row) {
  const auto& figures = row.figures;
  return {scheme_text(row.scheme.repair),
          row.scheme.repair.resends ? "yes" : "",
          figures.misses == 0 ? "0" : text_of("%.1e", figures.miss_rate()),
          text_of("%.1e", row.upper),
          an_hour_text(plan, row.upper),
          text_of("%.1f %%", 100 * figures.overhead()),
          text_of("%.0f", row.bytes_per_second * 8e-3),
          name_of(row.verdict)};
}

std::string deadline_text(const Plan& plan, Duration deadline) {
  const PlanRequest& request = plan.request;
  const Duration playout = playout_for(deadline);
  std::string text = "D = " + ms(deadline) +
                     ": playout = " + quoted(config::duration_text(playout)) + ", which with " +
                     ms(request.round_trip / 2) + " on the way is " +
                     ms(request.round_trip / 2 + playout) + " of latency";
  if (deadline <= request.jitter) {
    text += "; no more than the jitter: what comes late misses it";
  } else if (const auto floor = request.floor(deadline); floor && *floor > 0) {
    text += "; outages longer than D";
    if (request.jitter > Duration{}) text += " - J";
    text += " leave " + text_of("%.1e", *floor);
  }
  if (request.round_trip >= deadline) text += "; no time for requests";
  return text + "\n";
}

bool is_without_repair(const PlanRow& row) {
  return row.scheme.repair.scheme == RepairScheme::copy && !row.scheme.repair.resends &&
         row.scheme.repair.copy_after == Duration{};
}

std::string tables(const Plan& plan, bool is_whole) {
  std::string text;
  for (auto row = plan.rows.begin(); row != plan.rows.end();) {
    const Duration deadline = row->deadline;
    text += deadline_text(plan, deadline);
    TextTable table({"SCHEME", "REQUESTS", "MISS RATE", "AT MOST (95 %)", "AN HOUR", "OVERHEAD",
                     "KBIT/S", "TARGET"});
    std::size_t shown = 0;
    std::size_t hidden = 0;
    for (; row != plan.rows.end() && row->deadline == deadline; ++row) {
      if (is_whole || shown < kMostUseful || is_without_repair(*row)) {
        table.add(cells(plan, *row));
        ++shown;
      } else {
        ++hidden;
      }
    }
    text += table.text("  ");
    if (hidden > 0) text += "  " + std::to_string(hidden) + " more with --all\n";
    text += "\n";
  }
  return text;
}

std::string recommendation(const Plan& plan) {
  const std::string target = text_of("%g", plan.request.target);
  if (!plan.recommended)
    return "No scheme keeps within the link's share: even without repair the stream takes more.\n";
  const PlanRow& row = plan.rows[*plan.recommended];
  std::string text;
  if (row.verdict == PlanVerdict::met)
    text = "Recommended, the least latency that meets " + target + ": ";
  else if (row.verdict == PlanVerdict::open)
    text = "Nothing is shown to meet " + target + " in " +
           text_of("%g s of simulation", static_cast<double>(row.figures.sources) *
                                             to_milliseconds(plan.request.interval) * 1e-3) +
           "; nearest: ";
  else
    text = "Nothing meets " + target + "; nearest: ";
  text += full_name(row.scheme) + " at D = " + ms(row.deadline) + ": at most " +
          text_of("%.1e", row.upper) + " missed (" + an_hour_text(plan, row.upper) + " an hour), " +
          text_of("%.1f %%", 100 * row.figures.overhead()) + " overhead.\n\n";
  text += "# Both nodes. The attachment: playout = " +
          quoted(config::duration_text(playout_for(row.deadline))) + " or more.\n";
  return text + repair_section(row.scheme.repair);
}

nlohmann::json json_of(const Plan& plan, const PlanRow& row) {
  return {{"deadline_ms", to_milliseconds(row.deadline)},
          {"playout_ms", to_milliseconds(playout_for(row.deadline))},
          {"scheme", scheme_text(row.scheme.repair)},
          {"requests", row.scheme.repair.resends},
          {"sources", row.figures.sources},
          {"misses", row.figures.misses},
          {"miss_rate", row.figures.miss_rate()},
          {"lower_bound", row.lower},
          {"upper_bound", row.upper},
          {"misses_an_hour_at_most", an_hour(plan, row.upper)},
          {"overhead", row.figures.overhead()},
          {"bits_per_second", std::llround(row.bytes_per_second * 8)},
          {"target", name_of(row.verdict)},
          {"toml", repair_section(row.scheme.repair)}};
}

// No other at its deadline is as good with less.
bool is_worth_it(const Plan& plan, const PlanRow& row) {
  return std::none_of(plan.rows.begin(), plan.rows.end(), [&](const PlanRow& other) {
    const double more = row.figures.overhead() - other.figures.overhead();
    const double misses = row.upper - other.upper;
    return other.deadline == row.deadline && more >= 0 && misses >= 0 && more + misses > 0;
  });
}

bool write_table(const Plan& plan, const std::filesystem::path& path) {
  std::ofstream table(path);
  table << "deadline_ms,scheme,requests,sources,misses,miss_rate,lower_bound,upper_bound,"
           "overhead_percent,kbit_per_second,target,worth_it\n";
  for (const PlanRow& row : plan.rows) {
    table << to_milliseconds(row.deadline) << ',' << quoted(scheme_text(row.scheme.repair)) << ','
          << (row.scheme.repair.resends ? "yes" : "no") << ',' << row.figures.sources << ','
          << row.figures.misses << ',' << row.figures.miss_rate() << ',' << row.lower << ','
          << row.upper << ',' << 100 * row.figures.overhead() << ',' << row.bytes_per_second * 8e-3
          << ',' << name_of(row.verdict) << ',' << is_worth_it(plan, row) << '\n';
  }
  return static_cast<bool>(table.flush());
}

}  // namespace

std::string scheme_text(const RepairOptions& repair) {
  switch (repair.scheme) {
    case RepairScheme::copy:
      return repair.copy_after > Duration{} ? "copy " + config::duration_text(repair.copy_after)
                                            : "none";
    case RepairScheme::block:
      return "rs " + std::to_string(repair.data) + "+" + std::to_string(repair.repair) +
             (repair.spread == Duration{} ? " at once" : " in " + time_text(repair.spread));
    case RepairScheme::window:
      return "window " + std::to_string(repair.data) + ":" + std::to_string(repair.repair) +
             " of " + time_text(repair.spread);
    case RepairScheme::automatic:
      return "auto";
  }
  return "";
}

std::string path_text(const PlanRequest& request) {
  std::string text =
      "RTT " + ms(request.round_trip) + ", J = " + ms(request.jitter) + ", " +
      text_of("%.3g %% lost", 100 * (request.trace ? request.trace->loss() : request.loss));
  if (request.trace) {
    const simulation::LossTrace& trace = *request.trace;
    text += " as in the trace: " + std::to_string(trace.lost()) + " of " +
            std::to_string(trace.packets()) + " packets in " + std::to_string(trace.runs()) +
            " runs, the longest " + ms(trace.longest());
  } else if (request.outage > Duration{}) {
    text += " in outages of " + ms(request.outage);
  } else {
    text += " independently";
  }
  return text;
}

std::string repair_section(const RepairOptions& repair) {
  std::string text = "[repair]\n";
  const auto add = [&text](const char* key, const std::string& value) {
    text += std::string(key) + " = " + value + "\n";
  };
  const auto add_set = [&] {
    add("data", std::to_string(repair.data));
    add("repair", std::to_string(repair.repair));
    add("spread", quoted(time_text(repair.spread)));
  };
  switch (repair.scheme) {
    case RepairScheme::copy:
      if (repair.copy_after > Duration{}) {
        add("scheme", quoted("copy"));
        add("delay", quoted(config::duration_text(repair.copy_after)));
      } else {
        add("scheme", quoted("none"));
      }
      break;
    case RepairScheme::block:
      add("scheme", quoted("rs"));
      add_set();
      break;
    case RepairScheme::window:
      add("scheme", quoted("window"));
      add_set();
      break;
    case RepairScheme::automatic:
      add("scheme", quoted("auto"));
      if (repair.share > 0)
        add("share", quoted(text_of("%gkbit", static_cast<double>(repair.share) * 8e-3)));
      return text;
  }
  if (repair.resends) add("requests", "true");
  return text;
}

std::string plan_text(const Plan& plan, bool is_whole) {
  const PlanRequest& request = plan.request;
  std::string text = "Path: " + path_text(request) + ".\nStream: " + std::to_string(request.bytes) +
                     " bytes each " + ms(request.interval);
  if (request.share > 0)
    text +=
        text_of(", with its repair at most %.0f kbit/s", static_cast<double>(request.share) * 8e-3);
  text += ".\nTarget: at most " + text_of("%g", request.target) +
          " of its packets later than D after the fastest way, " +
          an_hour_text(plan, request.target) + " an hour.\n\n";
  return text + tables(plan, is_whole) + recommendation(plan);
}

std::string plan_json(const Plan& plan) {
  const PlanRequest& request = plan.request;
  nlohmann::json rows = nlohmann::json::array();
  for (const PlanRow& row : plan.rows) rows.push_back(json_of(plan, row));
  nlohmann::json floors = nlohmann::json::array();
  for (const Duration deadline : request.deadlines) {
    const auto floor = request.floor(deadline);
    floors.push_back({{"deadline_ms", to_milliseconds(deadline)},
                      {"miss_rate", floor ? nlohmann::json(*floor) : nlohmann::json()}});
  }
  nlohmann::json recommended;
  if (plan.recommended) recommended = json_of(plan, plan.rows[*plan.recommended]);
  const nlohmann::json whole = {{"path",
                                 {{"loss", request.trace ? request.trace->loss() : request.loss},
                                  {"outage_ms", to_milliseconds(request.outage)},
                                  {"round_trip_ms", to_milliseconds(request.round_trip)},
                                  {"jitter_ms", to_milliseconds(request.jitter)}}},
                                {"stream",
                                 {{"interval_ms", to_milliseconds(request.interval)},
                                  {"bytes", request.bytes},
                                  {"share_bits_per_second", request.share * 8}}},
                                {"target", request.target},
                                {"seed", request.seed},
                                {"floors", floors},
                                {"rows", rows},
                                {"recommended", recommended}};
  return whole.dump(2) + "\n";
}

Result<std::string> write_plan_plot(const Plan& plan, const std::string& folder) {
  const std::filesystem::path path(folder);
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(ErrorCode::io, folder + ": " + error.message());
  if (!write_table(plan, path / "plan.csv"))
    return fail(ErrorCode::io, (path / "plan.csv").string() + " cannot be written");
  std::ofstream script(path / "plan.gnuplot");
  script << "set title 'usbgw plan: " << path_text(plan.request) << "' noenhanced\n" << kPlot;
  script << "plot " << plan.request.target << " with lines dt 2 lc 'black' title 'target'";
  std::size_t style = 0;
  for (const Duration deadline : plan.request.deadlines) {
    const std::string d = text_of("%g", to_milliseconds(deadline));
    const std::string number = std::to_string(++style);
    // Where two deadlines have the same point, their labels stand above each other.
    const std::string offset = text_of("0.8,%g", 0.9 - 0.9 * static_cast<double>(style - 1));
    script << ", 'plan.csv' skip 1 using ($1==" << d << "?$9:NaN):8 with points pt " << style + 3
           << " lc " << number << " title 'D = " << d << " ms'"
           << ", '' skip 1 using ($1==" << d
           << " && $12==1?$9:NaN):8:(stringcolumn(2).(stringcolumn(3) eq 'yes' ? ', asks' : '')) "
              "with labels left offset "
           << offset << " font ',9' noenhanced tc lt " << number << " notitle";
  }
  script << '\n';
  if (!script.flush())
    return fail(ErrorCode::io, (path / "plan.gnuplot").string() + " cannot be written");
  script.close();
  const std::string command = "cd '" + folder + "' && gnuplot plan.gnuplot 2>/dev/null";
  const bool is_drawn = std::system(command.c_str()) == 0;
  return (path / (is_drawn ? "plan.png" : "plan.csv")).string();
}

}  // namespace usbgw::app

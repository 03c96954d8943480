// What `usbgw plan` makes of its options, and what it concludes on paths whose answer is known.
#include "app/plan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/plan_command.h"
#include "app/plan_report.h"
#include "config/document.h"
#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

using namespace std::chrono_literals;

PlanOptions lossy() {
  PlanOptions options;
  options.loss = "0.7%";
  return options;
}

std::string error_of(const PlanOptions& options) {
  const auto request = read_plan(options);
  if (request) return {};
  EXPECT_EQ(request.error().code, ErrorCode::invalid_argument);
  return request.error().context;
}

using PlanFiles = ScratchFolder;

TEST(ReadPlan, SharesAsPercentOrNumber) {
  PlanOptions options = lossy();
  EXPECT_DOUBLE_EQ(read_plan(options)->loss, 0.007);
  options.loss = "0.007";
  EXPECT_DOUBLE_EQ(read_plan(options)->loss, 0.007);
  options.loss = "0.7";
  EXPECT_EQ(error_of(options),
            "--loss: \"0.7\" is out of range; allowed: 0% to 50%; did you mean \"0.7%\"?");
  options.loss = "some";
  EXPECT_EQ(error_of(options),
            "--loss: \"some\" is not a share; allowed: as in \"0.7%\" or \"0.007\"");
  options.loss = "%";
  EXPECT_NE(error_of(options), "");
}

TEST(ReadPlan, DeadlinesInOrderAndOnce) {
  PlanOptions options = lossy();
  options.deadlines = {"8ms", "2ms", "2000us"};
  EXPECT_EQ(read_plan(options)->deadlines, (std::vector<Duration>{2ms, 8ms}));
  options.deadlines = {"2ms", "1s"};
  EXPECT_EQ(error_of(options), "--deadline: \"1s\" is out of range; allowed: 125us to 100ms");
}

TEST(ReadPlan, WhatContradictsOrIsMissingIsNamed) {
  PlanOptions options;
  EXPECT_EQ(
      error_of(options),
      "what is lost? give --loss 0.7%, with --outage 1ms when losses come in runs, or --trace "
      "FILE");
  options = lossy();
  options.trace = "x.trace";
  EXPECT_EQ(error_of(options), "--loss and --trace both say what is lost; give one of them");
  options = lossy();
  options.trace_interval = "1ms";
  EXPECT_EQ(error_of(options), "--trace-interval: has no effect without --trace");
  options = lossy();
  options.bytes = 2000;
  EXPECT_EQ(error_of(options), "--bytes: allowed: 1 to 1300");
  options = lossy();
  options.target = "0";
  EXPECT_EQ(error_of(options), "--target: \"0\" is out of range; allowed: 1e-06% to 50%");
  options = lossy();
  options.share = "fast";
  EXPECT_TRUE(error_of(options).starts_with("--share: \"fast\" is not a rate"))
      << error_of(options);
  options = lossy();
  options.round_trip = "8";
  EXPECT_TRUE(error_of(options).starts_with("--rtt: \"8\" is not a duration")) << error_of(options);
}

TEST_F(PlanFiles, TraceWithItsFileAndLine) {
  PlanOptions options;
  options.trace = root_ + "/x.trace";
  EXPECT_EQ(error_of(options), options.trace + ": cannot be read: No such file or directory");
  write("/x.trace", "ok 99\nlots\n");
  EXPECT_TRUE(error_of(options).starts_with(options.trace + ":2: \"lots\" is no line of a trace"));
  write("/x.trace", "ok 1\nlost 3\n");
  EXPECT_EQ(error_of(options),
            options.trace + ": more than half of its packets are lost; nothing repairs that");
  write("/x.trace", "ok 98\nlost 2\n");
  options.trace_interval = "500us";
  const auto request = read_plan(options);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->trace->length(), 50ms);
  EXPECT_EQ(
      path_text(*request),
      "RTT 1 ms, J = 0 ms, 2 % lost as in the trace: 2 of 100 packets in 1 runs, the longest 1 "
      "ms");
}

TEST(PlayoutFor, LeavesItsSourcesTheDeadline) {
  for (const Duration deadline : {125us, 500us, 1000us, 2000us, 100'000us}) {
    const Duration playout = playout_for(deadline);
    // node/stream_commands.cpp
    EXPECT_EQ(std::max(playout - Duration(1ms), playout / 2), deadline);
  }
}

TEST(MissBounds, RunsOfMissesSayLessThanAsManySingleOnes) {
  simulation::Figures single;
  single.sources = 1'000'000;
  single.misses = single.run_squares = 100;
  simulation::Figures runs = single;
  runs.run_squares = 1000;  // ten runs of ten
  const MissBounds of_single = miss_bounds(single, {});
  const MissBounds of_runs = miss_bounds(runs, {});
  EXPECT_NEAR(of_single.upper, 122e-6, 2e-6);
  EXPECT_NEAR(of_single.lower, 81e-6, 2e-6);
  EXPECT_NEAR(of_runs.upper, 184e-6, 2e-6);  // of ten
  EXPECT_NEAR(of_runs.lower, 48e-6, 2e-6);
}

TEST(MissBounds, WithoutMissesRunsAreTakenToBeAsLongAsTheLosses) {
  simulation::Figures none;
  none.sources = 1'000'000;
  simulation::Figures losses = none;
  losses.misses = 1000;
  losses.run_squares = 5000;
  EXPECT_NEAR(miss_bounds(none, none).upper, 3.7e-6, 0.1e-6);
  EXPECT_NEAR(miss_bounds(none, losses).upper, 18.4e-6, 0.3e-6);
  EXPECT_EQ(miss_bounds(none, losses).lower, 0);
}

Plan plan_of(PlanOptions options) {
  const auto request = read_plan(options);
  EXPECT_TRUE(request);
  return make_plan(*request);
}

PlanOptions quick() {
  PlanOptions options = lossy();
  options.loss = "2%";
  options.deadlines = {"4ms"};
  options.target = "0.5%";
  options.seconds = 4;
  return options;
}

const PlanRow& row_of(const Plan& plan, const std::string& name, bool asks = false) {
  for (const PlanRow& row : plan.rows)
    if (scheme_text(row.scheme.repair) == name && row.scheme.repair.resends == asks) return row;
  ADD_FAILURE() << "no " << name;
  return plan.rows.front();
}

TEST(Plan, ShortRoundTripNeedsRequestsAlone) {
  const Plan plan = plan_of(quick());
  ASSERT_TRUE(plan.recommended);
  const PlanRow& best = plan.rows[*plan.recommended];
  EXPECT_EQ(best.verdict, PlanVerdict::met);
  EXPECT_TRUE(best.scheme.repair.resends);
  EXPECT_LT(best.figures.overhead(), 0.05);
  EXPECT_EQ(row_of(plan, "none").verdict, PlanVerdict::missed);
  EXPECT_EQ(row_of(plan, "rs 4+2 in 1ms").verdict, PlanVerdict::met);
}

TEST(Plan, RequestsAreLeftOutWhereARoundTripTakesTheDeadline) {
  PlanOptions options = quick();
  options.round_trip = "4ms";
  const Plan plan = plan_of(options);
  for (const PlanRow& row : plan.rows)
    EXPECT_EQ(row.scheme.repair.resends, row.scheme.is_controller()) << row.scheme.name;
  ASSERT_TRUE(plan.recommended);
  EXPECT_FALSE(plan.rows[*plan.recommended].scheme.repair.resends);
  EXPECT_NE(plan_text(plan).find("; no time for requests\n"), std::string::npos);
}

TEST(Plan, WhatTakesMoreThanItsShareIsNotRecommended) {
  PlanOptions options = quick();
  options.round_trip = "8ms";
  options.share = "3500kbit";  // one and a half of the stream
  const Plan plan = plan_of(options);
  EXPECT_EQ(row_of(plan, "copy 4ms").verdict, PlanVerdict::over_share);
  ASSERT_TRUE(plan.recommended);
  EXPECT_LE(plan.rows[*plan.recommended].bytes_per_second, 3500e3 / 8);
  EXPECT_EQ(plan.rows[*plan.recommended].verdict, PlanVerdict::met);
  options.share = "1Mbit";
  const Plan none = plan_of(options);
  EXPECT_FALSE(none.recommended);
  EXPECT_NE(plan_text(none).find("No scheme keeps within the link's share"), std::string::npos);
}

TEST(Plan, OutagesLongerThanTheDeadlineAreToldAndNotMet) {
  PlanOptions options = quick();
  options.outage = "4ms";
  options.target = "1e-4";
  const Plan plan = plan_of(options);
  EXPECT_NEAR(*plan.request.floor(4ms), 0.02 * 0.3679, 1e-5);
  ASSERT_TRUE(plan.recommended);
  EXPECT_EQ(plan.rows[*plan.recommended].verdict, PlanVerdict::missed);
  const std::string text = plan_text(plan);
  EXPECT_NE(text.find("outages longer than D leave 7.4e-03"), std::string::npos) << text;
  EXPECT_NE(text.find("Nothing meets 0.0001; nearest: "), std::string::npos) << text;
}

TEST(Plan, SameRequestGivesTheSameRows) {
  const Plan first = plan_of(quick());
  EXPECT_EQ(plan_json(first), plan_json(plan_of(quick())));
  PlanOptions other = quick();
  other.seed = 2;
  EXPECT_NE(plan_json(first), plan_json(plan_of(other)));
}

TEST(Plan, RowsAreSortedByUse) {
  PlanOptions options = quick();
  options.deadlines = {"2ms", "4ms"};
  const Plan plan = plan_of(options);
  for (std::size_t i = 1; i < plan.rows.size(); ++i) {
    const PlanRow& a = plan.rows[i - 1];
    const PlanRow& b = plan.rows[i];
    ASSERT_LE(a.deadline, b.deadline);
    if (a.deadline != b.deadline) continue;
    EXPECT_LE(a.verdict, b.verdict);
    if (b.verdict == PlanVerdict::met) {
      EXPECT_LE(a.figures.overhead(), b.figures.overhead());
    }
  }
}

TEST(RepairSection, OfEverySchemeIsTakenByTheConfiguration) {
  const std::string host =
      "[node]\nname = \"room\"\n[dataplane]\nport = \"tap:t\"\naddress = \"10.0.0.1/24\"\n"
      "[security]\npsk_file = \"x.psk\"\n[[peer]]\nname = \"s\"\ncontrol = \"10.0.0.2\"\n"
      "[[attach]]\npeer = \"s\"\ndevice = \"1209:a101\"\n";
  for (const Duration deadline : {500us, 1000us, 4000us, 40'000us, 100'000us}) {
    auto schemes = simulation::schemes_for(deadline, 1ms);
    for (auto& scheme : simulation::longer_schemes_for(deadline, 1ms)) schemes.push_back(scheme);
    for (auto scheme : schemes) {
      for (const bool asks : {false, true}) {
        if (asks && !scheme.is_controller()) scheme = simulation::with_requests(scheme);
        scheme.repair.share = 500'000;
        const std::string section = repair_section(scheme.repair);
        const auto document = config::parse_document(host + section, "x.toml");
        ASSERT_TRUE(document) << section << document.error().front().to_string();
        if (scheme.repair.scheme == session::RepairScheme::block ||
            scheme.repair.scheme == session::RepairScheme::window) {
          EXPECT_EQ(*document->repair.data, scheme.repair.data);
          EXPECT_EQ(*document->repair.repair, scheme.repair.repair);
          EXPECT_EQ(*document->repair.spread, scheme.repair.spread);
        }
        if (scheme.repair.copy_after > Duration{}) {
          EXPECT_EQ(*document->repair.delay, scheme.repair.copy_after);
        }
        EXPECT_EQ(*document->repair.share, scheme.is_controller() ? 500'000u : 0u);
        EXPECT_EQ(*document->repair.requests, scheme.repair.resends && !scheme.is_controller());
      }
    }
  }
}

TEST_F(PlanFiles, TableHasEveryRow) {
  const Plan plan = plan_of(quick());
  const auto file = write_plan_plot(plan, root_ + "/plot");
  ASSERT_TRUE(file) << file.error().context;
  std::ifstream csv(root_ + "/plot/plan.csv");
  const std::string table{std::istreambuf_iterator<char>(csv), {}};
  EXPECT_EQ(static_cast<std::size_t>(std::count(table.begin(), table.end(), '\n')),
            plan.rows.size() + 1);
  EXPECT_TRUE(table.starts_with("deadline_ms,scheme,requests,"));
  const auto blocked = write_plan_plot(plan, root_ + "/plot/plan.csv");
  EXPECT_FALSE(blocked);
}

}  // namespace
}  // namespace usbgw::app

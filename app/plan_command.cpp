#include "app/plan_command.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "app/plan_report.h"
#include "config/quantity.h"

namespace usbgw::app {
namespace {

using namespace std::chrono_literals;

constexpr double kMostLoss = 0.5;
constexpr unsigned kMostBytes = 1300;  // a source and its headers in one datagram of 1500 bytes
constexpr double kLeastTarget = 1e-8;

tl::unexpected<Error> wrong(const char* option, const std::string& text) {
  return fail(ErrorCode::invalid_argument, std::string(option) + ": " + text);
}

Result<Duration> read_duration(const char* option, const std::string& text, Duration least,
                               Duration most) {
  const auto duration = config::parse_duration(text);
  if (!duration) return wrong(option, duration.error());
  if (*duration < least || *duration > most)
    return wrong(option, "\"" + text + "\" is out of range; allowed: " +
                             config::duration_text(least) + " to " + config::duration_text(most));
  return *duration;
}

// A share as "0.7%" or as "0.007".
Result<double> read_share(const char* option, const std::string& text, double least, double most) {
  const bool is_percent = text.ends_with('%');
  const char* const end = text.data() + text.size() - (is_percent ? 1 : 0);
  double value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end)
    return wrong(option, "\"" + text + "\" is not a share; allowed: as in \"0.7%\" or \"0.007\"");
  if (is_percent) value /= 100;
  if (value >= least && value <= most) return value;
  char allowed[64];
  std::snprintf(allowed, sizeof allowed, "%g%% to %g%%", 100 * least, 100 * most);
  return wrong(option, "\"" + text + "\" is out of range; allowed: " + allowed +
                           (!is_percent && value > most && value <= 100 * most
                                ? "; did you mean \"" + text + "%\"?"
                                : ""));
}

Result<simulation::LossTrace> read_trace(const std::string& file, Duration interval) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf()))
    return fail(ErrorCode::invalid_argument, with_errno(file + ": cannot be read", errno));
  auto trace = simulation::LossTrace::parse(text.view(), interval);
  if (!trace) return fail(ErrorCode::invalid_argument, file + ":" + trace.error());
  return *std::move(trace);
}

// What the path loses: --loss with --outage, or --trace.
Result<void> read_losses(const PlanOptions& options, PlanRequest& request) {
  if (options.trace.empty() == options.loss.empty())
    return fail(ErrorCode::invalid_argument,
                options.trace.empty()
                    ? "what is lost? give --loss 0.7%, with --outage 1ms when losses come in runs, "
                      "or --trace FILE"
                    : "--loss and --trace both say what is lost; give one of them");
  if (!options.trace.empty()) {
    if (!options.outage.empty()) return wrong("--outage", "has no effect with --trace");
    const std::string& text =
        options.trace_interval.empty() ? options.interval : options.trace_interval;
    const auto interval = read_duration("--trace-interval", text, 1us, 10s);
    if (!interval) return tl::unexpected(interval.error());
    auto trace = read_trace(options.trace, *interval);
    if (!trace) return tl::unexpected(trace.error());
    if (trace->loss() > kMostLoss)
      return fail(ErrorCode::invalid_argument,
                  options.trace + ": more than half of its packets are lost; nothing repairs that");
    request.trace = *std::move(trace);
    return {};
  }
  if (!options.trace_interval.empty())
    return wrong("--trace-interval", "has no effect without --trace");
  const auto loss = read_share("--loss", options.loss, 0, kMostLoss);
  if (!loss) return tl::unexpected(loss.error());
  request.loss = *loss;
  if (options.outage.empty()) return {};
  const auto outage = read_duration("--outage", options.outage, 1us, 10s);
  if (!outage) return tl::unexpected(outage.error());
  request.outage = *outage;
  return {};
}

Result<void> read_deadlines(const PlanOptions& options, PlanRequest& request) {
  for (const std::string& text : options.deadlines) {
    const auto deadline = read_duration("--deadline", text, 125us, 100ms);
    if (!deadline) return tl::unexpected(deadline.error());
    request.deadlines.push_back(*deadline);
  }
  auto& all = request.deadlines;
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return {};
}

}  // namespace

Result<PlanRequest> read_plan(const PlanOptions& options) {
  PlanRequest request;
  const auto take = [&](const char* option, const std::string& text, Duration least, Duration most,
                        Duration& value) -> Result<void> {
    const auto duration = read_duration(option, text, least, most);
    if (!duration) return tl::unexpected(duration.error());
    value = *duration;
    return {};
  };
  if (auto read = read_losses(options, request); !read) return tl::unexpected(read.error());
  if (auto read = read_deadlines(options, request); !read) return tl::unexpected(read.error());
  if (auto read = take("--rtt", options.round_trip, 0us, 1s, request.round_trip); !read)
    return tl::unexpected(read.error());
  if (auto read = take("--jitter", options.jitter, 0us, 1s, request.jitter); !read)
    return tl::unexpected(read.error());
  if (auto read = take("--interval", options.interval, 125us, 100ms, request.interval); !read)
    return tl::unexpected(read.error());
  const auto target = read_share("--target", options.target, kLeastTarget, kMostLoss);
  if (!target) return tl::unexpected(target.error());
  request.target = *target;
  if (options.bytes == 0 || options.bytes > kMostBytes)
    return wrong("--bytes", "allowed: 1 to " + std::to_string(kMostBytes));
  request.bytes = options.bytes;
  if (!options.share.empty()) {
    const auto share = config::parse_rate(options.share);
    if (!share) return wrong("--share", share.error());
    request.share = *share;
  }
  if (options.seconds < 0 || options.seconds > 1e6 || (options.seconds > 0 && options.seconds < 1))
    return wrong("--seconds", "allowed: 1 to 1000000");
  request.longest =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.seconds));
  request.seed = options.seed;
  return request;
}

Result<int> run_plan(const PlanOptions& options) {
  const auto request = read_plan(options);
  if (!request) return tl::unexpected(request.error());
  const Plan plan = make_plan(*request);
  if (options.json) {
    std::fputs(plan_json(plan).c_str(), stdout);
  } else {
    std::printf("%s\n%s\n", plan_text(plan, options.all).c_str(),
                simulation::speed_text(plan.simulated_seconds, plan.speed).c_str());
  }
  if (!options.plot.empty()) {
    const auto plot = write_plan_plot(plan, options.plot);
    if (!plot) return tl::unexpected(plot.error());
    std::fprintf(options.json ? stderr : stdout, "plot       %s\n", plot->c_str());
  }
  const bool is_met = plan.recommended && plan.rows[*plan.recommended].verdict == PlanVerdict::met;
  return is_met ? 0 : 1;
}

}  // namespace usbgw::app

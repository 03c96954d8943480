#include "simulation/loss_trace.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace usbgw::simulation {
namespace {

constexpr std::uint64_t kMostPackets = 1'000'000'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

struct Line {
  bool is_lost = false;
  std::uint64_t packets = 1;
};

std::optional<Line> read_line(std::string_view text) {
  Line line;
  const std::size_t word_end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, word_end);
  const std::string_view count = trimmed(text.substr(word_end));
  if (word != "ok" && word != "lost") return std::nullopt;
  line.is_lost = word == "lost";
  if (count.empty()) return line;
  const auto [end, error] =
      std::from_chars(count.data(), count.data() + count.size(), line.packets);
  if (error != std::errc{} || end != count.data() + count.size() || line.packets == 0 ||
      line.packets > kMostPackets)
    return std::nullopt;
  return line;
}

}  // namespace

Result<LossTrace, std::string> LossTrace::parse(std::string_view text, Duration interval) {
  LossTrace trace;
  trace.interval_ = interval;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view words = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty() || words.front() == '#') continue;
    const auto line = read_line(words);
    if (!line) {
      return tl::unexpected<std::string>(
          std::to_string(number) + ": \"" + std::string(words.substr(0, 40)) +
          "\" is no line of a trace; allowed: \"ok\" or \"lost\", with a number when it stands for "
          "several packets, as in \"lost 3\"");
    }
    const std::uint64_t first = trace.packets_;
    trace.packets_ += line->packets;
    if (trace.packets_ > kMostPackets)
      return tl::unexpected<std::string>(std::to_string(number) + ": more than " +
                                         std::to_string(kMostPackets) + " packets");
    if (!line->is_lost) continue;
    trace.lost_ += line->packets;
    if (!trace.runs_.empty() && trace.runs_.back().end == first)
      trace.runs_.back().end = trace.packets_;
    else
      trace.runs_.push_back({first, trace.packets_});
  }
  if (trace.packets_ == 0) return tl::unexpected<std::string>("1: there is no packet in it");
  return trace;
}

bool LossTrace::is_lost(Duration since_start) const {
  const auto packet = static_cast<std::uint64_t>(since_start / interval_) % packets_;
  const auto after =
      std::upper_bound(runs_.begin(), runs_.end(), packet,
                       [](std::uint64_t number, const Run& run) { return number < run.first; });
  return after != runs_.begin() && packet < std::prev(after)->end;
}

Duration LossTrace::longest() const {
  std::uint64_t most = 0;
  for (const Run& run : runs_) most = std::max(most, run.end - run.first);
  return interval_ * static_cast<Duration::rep>(most);
}

double LossTrace::lost_for_longer(Duration left) const {
  const auto within = static_cast<std::uint64_t>(left / interval_);
  std::uint64_t longer = 0;
  for (const Run& run : runs_) {
    const std::uint64_t packets = run.end - run.first;
    longer += packets > within ? packets - within : 0;
  }
  return static_cast<double>(longer) / static_cast<double>(packets_);
}

}  // namespace usbgw::simulation

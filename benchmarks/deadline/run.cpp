#include "benchmarks/deadline/run.h"

#include <algorithm>

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSettling = 2s;
constexpr Duration kQuietAfter = 60s;
constexpr Duration kOpening = 1s;  // the path is known, the stream has begun

}  // namespace

std::vector<SegmentFigures> run_stream(const Scheme& scheme, Duration deadline,
                                       const std::vector<Segment>& segments, std::uint64_t seed) {
  std::vector<SegmentFigures> all(segments.size());
  std::vector<Figures> changing(segments.size() + 1);
  simulation::DeadlineStreamConfig config;
  config.repair = scheme.repair;
  config.deadline = deadline;
  config.seed = seed;
  simulation::DeadlineStream stream(config);
  stream.begin(channels()[segments.front().channel].profile());
  stream.run(kOpening, changing.back());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    const Channel& channel = channels()[segment.channel];
    all[i].channel = segment.channel;
    stream.begin(channel.profile());
    stream.run(std::min(kSettling, segment.length), changing[i]);
    Duration left = segment.length - std::min(kSettling, segment.length);
    if (channel.is_clean() && segment.length > kQuietAfter) {
      stream.run(kQuietAfter - kSettling, all[i].settled);
      stream.run(segment.length - kQuietAfter, all[i].quiet);
      left = Duration{};
    }
    if (left > Duration{}) stream.run(left, all[i].settled);
  }
  stream.begin(channels().back().profile());
  stream.run(100ms, changing.back());
  stream.finish();
  return all;
}

}  // namespace usbgw::benchmarks

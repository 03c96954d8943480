#include "benchmarks/deadline/channel.h"

#include <cmath>
#include <utility>

#include "common/random.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;

constexpr double kLoss = 0.007;

struct Loss {
  const char* name;
  double share;
  Duration outage;
};
constexpr Loss kLosses[] = {{"independent", kLoss, {}},
                            {"outages 0.3 ms", kLoss, 300us},
                            {"outages 1 ms", kLoss, 1ms},
                            {"outages 2 ms", kLoss, 2ms},
                            {"clean", 0, {}}};

std::vector<Channel> make_channels() {
  std::vector<Channel> channels;
  for (const Loss& loss : kLosses) {
    for (const Duration round_trip : {Duration(500us), Duration(8ms)}) {
      for (const Duration jitter : {Duration{}, Duration(1ms)}) {
        std::string name = loss.name;
        name += round_trip == 8ms ? ", RTT 8" : ", RTT 0.5";
        if (jitter > Duration{}) name += ", J 1";
        channels.push_back({name, loss.share, loss.outage, round_trip, jitter});
      }
    }
  }
  return channels;
}

}  // namespace

simulation::ImpairmentProfile Channel::profile() const {
  simulation::ImpairmentProfile profile;
  profile.delay = round_trip / 2;
  profile.jitter = jitter;
  if (outage > Duration{}) {
    profile.outage_loss = loss;
    profile.outage_mean = outage;
  } else {
    profile.loss = loss;
  }
  return profile;
}

double Channel::floor(Duration deadline) const {
  const Duration left = deadline - jitter;
  if (left <= Duration{}) return -1;
  const double stays =
      outage > Duration{}
          ? std::exp(-static_cast<double>(left.count()) / static_cast<double>(outage.count()))
          : 0;
  return loss * stays + loss * loss;
}

const std::vector<Channel>& channels() {
  static const std::vector<Channel> all = make_channels();
  return all;
}

std::vector<Segment> make_segments(std::uint64_t seed, Duration lossy, Duration clean) {
  Random random(seed);
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < channels().size(); ++i)
    segments.push_back({i, channels()[i].is_clean() ? clean : lossy});
  for (std::size_t i = segments.size(); i > 1; --i)
    std::swap(segments[i - 1], segments[random.below(i)]);
  return segments;
}

}  // namespace usbgw::benchmarks

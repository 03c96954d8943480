#include "benchmarks/deadline/run.h"

#include <algorithm>
#include <array>
#include <memory>

#include "common/assertion.h"
#include "simulation/memory_port.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using session::Session;
using session::SessionCounter;
using simulation::Impairment;
using simulation::MemoryPort;

constexpr StreamId kStream{0x0181};
constexpr StreamEpoch kEpoch{1};
constexpr Duration kInterval = 1ms;
constexpr std::size_t kSourceBytes = 192;
constexpr std::size_t kPayload = 1472;
constexpr Duration kSettling = 2s;
constexpr Duration kQuietAfter = 60s;
constexpr Duration kOpening = 1s;  // the path is known, the stream has begun
constexpr std::size_t kOnTheirWay = 4096;

session::SessionConfig config_of(bool is_sender) {
  session::SessionConfig config;
  config.local_index = session::SessionIndex{is_sender ? 1u : 2u};
  config.remote_index = session::SessionIndex{is_sender ? 2u : 1u};
  config.initial_payload = config.max_payload = kPayload;
  return config;
}

struct End {
  explicit End(bool is_sender)
      : session(config_of(is_sender), session::derive_keys(kSecret, is_sender, 0, 0), inbound,
                outbound) {}

  // Receives what has come, sends what is due.
  void turn(Instant now) {
    std::array<session::ReceivedDatagram, 32> burst;
    while (const std::size_t count = port.receive(burst, now)) {
      for (std::size_t i = 0; i < count; ++i)
        session.receive(burst[i].payload, burst[i].from, now, now);
      port.release();
    }
    if (session.wants_repair_window())
      session.give_repair_window(session::make_repair_window(kPayload));
    session.transmit(port, now, SIZE_MAX);
    port.flush(now);
  }
  [[nodiscard]] Instant next() const {
    return std::min(session.next_deadline(), port.next_arrival());
  }

  static constexpr std::array<std::byte, 32> kSecret{};
  MemoryPort port{{}, kPayload};
  StreamLink inbound{64, kPayload, 64};
  StreamLink outbound{1024, 256, 1024};
  Session session;
};

class Stream {
 public:
  Stream(const Scheme& scheme, Duration deadline, std::uint64_t seed)
      : deadline_(deadline), forward_({}, 2 * seed), backward_({}, 2 * seed + 1) {
    MemoryPort::join(sender_.port, receiver_.port, forward_, backward_);
    session::StreamOptions options;
    options.stream = kStream;
    options.epoch = kEpoch;
    options.repair = scheme.repair;
    USBGW_ASSERT(sender_.session.open_outbound(options));
    USBGW_ASSERT(receiver_.session.open_inbound(options));
  }

  void begin(const Channel& channel) {
    forward_.set_profile(channel.profile());
    backward_.set_profile(channel.profile());
    base_ = channel.round_trip / 2;
  }
  // Sources sent from now on count in `figures`, as do the repairs sent.
  void run(Duration length, Figures& figures) {
    const std::uint64_t before = repairs();
    figures_ = &figures;
    const Instant end = now_ + length;
    while (now_ < end) {
      advance_to(next_source_);
      send_source();
      next_source_ += kInterval;
    }
    figures.repairs += repairs() - before;
  }

 private:
  struct Waiting {
    Instant due{};
    Figures* figures = nullptr;
  };

  void advance_to(Instant when) {
    for (;;) {
      const Instant next = std::min(sender_.next(), receiver_.next());
      if (next > when) break;
      now_ = std::max(now_, next);
      turn();
    }
    now_ = when;
  }
  // Both ends, until neither has anything for this instant.
  void turn() {
    sender_.turn(now_);
    receiver_.turn(now_);
    StreamItem item;
    while (receiver_.inbound.pop(item)) {
      const auto number = static_cast<std::size_t>(item.source.value());
      const Waiting& waiting = waiting_[number % kOnTheirWay];
      if (item.time <= waiting.due) --waiting.figures->misses;
      receiver_.inbound.release(item);
    }
  }
  void send_source() {
    const auto claim = sender_.outbound.claim();
    USBGW_ASSERT(claim.has_value());
    StreamItem item;
    item.stream = kStream;
    item.epoch = kEpoch;
    item.block = claim->block;
    item.length = kSourceBytes;
    USBGW_ASSERT(sender_.outbound.publish(item));
    sender_.outbound.retire(claim->block);
    waiting_[sent_++ % kOnTheirWay] = {now_ + base_ + deadline_, figures_};
    ++figures_->sources;
    ++figures_->misses;  // until it comes in time
    turn();
  }
  [[nodiscard]] std::uint64_t repairs() const {
    const auto& counters = sender_.session.counters();
    return counters[SessionCounter::repairs_sent] + counters[SessionCounter::resends];
  }

  Duration deadline_;
  Impairment forward_;
  Impairment backward_;
  End sender_{true};
  End receiver_{false};
  Duration base_{};
  Instant now_ = Instant{} + 1s;
  Instant next_source_ = now_ + kInterval;
  std::size_t sent_ = 0;
  std::array<Waiting, kOnTheirWay> waiting_{};
  Figures* figures_ = nullptr;
};

}  // namespace

std::vector<SegmentFigures> run_stream(const Scheme& scheme, Duration deadline,
                                       const std::vector<Segment>& segments, std::uint64_t seed) {
  std::vector<SegmentFigures> all(segments.size());
  const auto stream = std::make_unique<Stream>(scheme, deadline, seed);
  std::vector<Figures> changing(segments.size() + 1);  // outlive what is on its way
  stream->begin(channels()[segments.front().channel]);
  stream->run(kOpening, changing.back());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    const Channel& channel = channels()[segment.channel];
    all[i].channel = segment.channel;
    stream->begin(channel);
    stream->run(std::min(kSettling, segment.length), changing[i]);
    Duration left = segment.length - std::min(kSettling, segment.length);
    if (channel.is_clean() && segment.length > kQuietAfter) {
      stream->run(kQuietAfter - kSettling, all[i].settled);
      stream->run(segment.length - kQuietAfter, all[i].quiet);
      left = Duration{};
    }
    if (left > Duration{}) stream->run(left, all[i].settled);
  }
  stream->begin(channels().back());
  stream->run(100ms, changing.back());
  return all;
}

}  // namespace usbgw::benchmarks

#include "simulation/deadline_stream.h"

#include <algorithm>
#include <array>
#include <deque>

#include "common/assertion.h"
#include "simulation/memory_port.h"

namespace usbgw::simulation {
namespace {

using namespace std::chrono_literals;
using session::Session;
using session::SessionCounter;

constexpr StreamId kStream{0x0181};
constexpr StreamEpoch kEpoch{1};
constexpr std::size_t kPayload = 1472;
constexpr std::size_t kLeastBlock = 256;
constexpr std::uint64_t kIpAndUdp = 20 + 8;  // bytes of each datagram

session::SessionConfig config_of(bool is_sender) {
  session::SessionConfig config;
  config.local_index = session::SessionIndex{is_sender ? 1u : 2u};
  config.remote_index = session::SessionIndex{is_sender ? 2u : 1u};
  config.initial_payload = config.max_payload = kPayload;
  return config;
}

struct End {
  End(bool is_sender, std::size_t source_bytes)
      : outbound(1024, std::max(kLeastBlock, source_bytes), 1024),
        session(config_of(is_sender), session::derive_keys(kSecret, is_sender, 0, 0), inbound,
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
  StreamLink outbound;
  Session session;
};

}  // namespace

class DeadlineStream::Implementation {
 public:
  explicit Implementation(const DeadlineStreamConfig& config)
      : config_(config), forward_({}, 2 * config.seed), backward_({}, 2 * config.seed + 1) {
    MemoryPort::join(sender_.port, receiver_.port, forward_, backward_);
    session::StreamOptions options;
    options.stream = kStream;
    options.epoch = kEpoch;
    options.repair = config.repair;
    USBGW_ASSERT(sender_.session.open_outbound(options));
    USBGW_ASSERT(receiver_.session.open_inbound(options));
  }

  void begin(const ImpairmentProfile& profile) {
    forward_.set_profile(profile);
    backward_.set_profile(profile);
    base_ = profile.delay;
  }

  void run(Duration length, Figures& figures) {
    const std::uint64_t repairs_before = repairs();
    const std::uint64_t bytes_before = wire_bytes();
    figures_ = &figures;
    const Instant end = now_ + length;
    while (now_ < end) {
      advance_to(next_source_);
      send_source();
      next_source_ += config_.interval;
    }
    figures.repairs += repairs() - repairs_before;
    figures.wire_bytes += wire_bytes() - bytes_before;
  }

  void finish() {
    if (!waiting_.empty()) advance_to(waiting_.back().due + 1ns);
    judge();
  }

 private:
  struct Waiting {
    Instant due{};
    Figures* figures = nullptr;
    bool has_come = false;
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
      if (number >= judged_) {
        Waiting& waiting = waiting_[number - judged_];
        waiting.has_come = waiting.has_come || item.time <= waiting.due;
      }
      receiver_.inbound.release(item);
    }
  }
  // In order: what is due has come by now or is a miss.
  void judge() {
    for (; !waiting_.empty() && waiting_.front().due < now_; ++judged_, waiting_.pop_front()) {
      const Waiting& waiting = waiting_.front();
      run_ = waiting.has_come ? 0 : run_ + 1;
      if (run_ == 0) continue;
      ++waiting.figures->misses;
      waiting.figures->run_squares += 2 * run_ - 1;
    }
  }
  void send_source() {
    judge();
    const auto claim = sender_.outbound.claim();
    USBGW_ASSERT(claim.has_value());
    StreamItem item;
    item.stream = kStream;
    item.epoch = kEpoch;
    item.block = claim->block;
    item.length = static_cast<std::uint32_t>(config_.source_bytes);
    USBGW_ASSERT(sender_.outbound.publish(item));
    sender_.outbound.retire(claim->block);
    waiting_.push_back({now_ + base_ + config_.deadline, figures_, false});
    ++figures_->sources;
    turn();
  }
  [[nodiscard]] std::uint64_t repairs() const {
    const auto& counters = sender_.session.counters();
    return counters[SessionCounter::repairs_sent] + counters[SessionCounter::resends];
  }
  [[nodiscard]] std::uint64_t wire_bytes() const {
    return sender_.port.bytes_sent() + forward_.offered() * kIpAndUdp;
  }

  const DeadlineStreamConfig config_;
  Impairment forward_;
  Impairment backward_;
  End sender_{true, config_.source_bytes};
  End receiver_{false, config_.source_bytes};
  Duration base_{};
  Instant now_ = Instant{} + 1s;
  Instant next_source_ = now_ + config_.interval;
  std::deque<Waiting> waiting_;  // from source `judged_` on
  std::size_t judged_ = 0;
  std::uint64_t run_ = 0;  // of misses, up to source `judged_`
  Figures* figures_ = nullptr;
};

DeadlineStream::DeadlineStream(const DeadlineStreamConfig& config)
    : implementation_(std::make_unique<Implementation>(config)) {}
DeadlineStream::~DeadlineStream() = default;

void DeadlineStream::begin(const ImpairmentProfile& profile) {
  implementation_->begin(profile);
}
void DeadlineStream::run(Duration length, Figures& figures) {
  implementation_->run(length, figures);
}
void DeadlineStream::finish() {
  implementation_->finish();
}

}  // namespace usbgw::simulation

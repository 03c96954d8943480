// Random schedules: duplex audio, bulk reads that are cancelled, key presses, over a path that
// delays, loses and stops. FakeVhci checks that each URB is answered once and that nothing would
// disconnect a real vhci; here: order, punctuality, accounting, and no byte lost to an unlink.
#include <gtest/gtest.h>

#include "common/random.h"
#include "tests/usbside/host/rig.h"
#include "wire/interrupt_body.h"

namespace usbgw::host::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr StreamEpoch kEpoch{1};

class Schedule {
 public:
  Schedule(std::uint64_t seed, Speed speed_in)
      : random(seed),
        speed(speed_in),
        interval(interval_of(speed)),
        packet(nominal_bytes(speed)),
        per_urb(static_cast<std::size_t>(milliseconds(1) / interval)),
        one_way(microseconds(200 + random.below(10'000))),
        jitter(microseconds(random.below(4000))),
        loss(random.chance(0.3) ? 0 : random.uniform() * 0.2),
        rig(speed, {random.chance(0.5) ? PlayoutMode::adaptive : PlayoutMode::fixed,
                    microseconds(random.below(5000)), milliseconds(20)}),
        bus(interval, seconds(static_cast<std::int64_t>(random.below(1000))),
            static_cast<double>(random.below(400)) - 200, rig.now + milliseconds(10)),
        in{kAudioIn, 2 + random.below(11), per_urb, packet + 4, late(), true, {}, {}, 0},
        out{kAudioOut, 2 + random.below(11), per_urb, packet, late(), true, {}, {}, 0} {}

  void run(Duration length) {
    begin = rig.now;
    end = begin + length;
    rig.wake_up_late = microseconds(random.below(300));
    rig.attachment.set_path(bus.path(one_way));
    rig.control(kSelectAudioIn);
    rig.control(kSelectAudioOut);
    const Duration outage_begin = milliseconds(random.below(2000));
    outage = {begin + outage_begin, begin + outage_begin + milliseconds(random.below(600))};
    play_audio(length);
    plan_reads();
    plan_keys();
    rig.at(begin + milliseconds(random.below(5)), [this] { rig.start(in); });
    rig.at(begin + milliseconds(random.below(5)), [this] { rig.start(out); });
    rig.run_until(end);
    check_audio(in);
    check_audio(out);
    rig.stop(in);
    rig.stop(out);
    EXPECT_EQ(bytes_read, bytes_given);
    EXPECT_EQ(keys_read, keys_given);
    EXPECT_FALSE(rig.attachment.is_closed());
    rig.attachment.peer_lost(rig.now);
    rig.settle();
    EXPECT_EQ(rig.vhci.pending(), 0u);
  }

 private:
  Duration late() {
    return random.chance(0.5) ? Duration::zero() : Duration{microseconds(random.below(3000))};
  }
  // When what leaves at `sent` arrives; nothing when it is lost.
  std::optional<Instant> arrival(Instant sent) {
    if (random.chance(loss) || (sent >= outage.first && sent < outage.second)) return std::nullopt;
    return sent + one_way + Duration{random.below(static_cast<std::uint64_t>(jitter.count()) + 1)};
  }
  void play_audio(Duration length) {
    const auto count = static_cast<std::int64_t>(per_urb);
    for (std::int64_t first = 0; first * interval.count() < length.count(); first += count) {
      const Instant sent = bus.host_time(first + count - 1);
      if (const auto at = arrival(sent)) rig.deliver(*at, kAudioIn, kEpoch, body(first));
      if (first / count % 4 != 0) continue;
      wire::ClockReport report;
      report.index = static_cast<std::uint32_t>(first);
      report.stamp = bus.stamp(first);
      report.submitted_ahead = milliseconds(2);
      if (const auto at = arrival(bus.host_time(first))) {
        rig.deliver_report(*at, kAudioOut, kEpoch, report);
      }
    }
  }
  std::vector<std::byte> body(std::int64_t first) {
    std::vector<IntervalBytes> intervals;
    std::vector<std::uint16_t> history(static_cast<std::size_t>(std::min<std::int64_t>(first, 16)),
                                       static_cast<std::uint16_t>(packet));
    for (std::int64_t i = first; i < first + static_cast<std::int64_t>(per_urb); ++i) {
      if (random.chance(0.002)) {
        intervals.push_back({{0, wire::IntervalState::device_gap}, {}});
      } else {
        intervals.push_back({{static_cast<std::uint16_t>(packet), wire::IntervalState::ok},
                             counting_frames(i * packet / 4, packet / 4)});
      }
    }
    return encode_body(first, bus.stamp(first + static_cast<std::int64_t>(per_urb) - 1), intervals,
                       history);
  }

  // Reads with a time-out; the device gives bytes at random moments, each once.
  void plan_reads() {
    const Instant at = rig.now + microseconds(random.below(20'000));
    if (at >= end) return;
    rig.at(at, [this] { read_once(); });
  }
  void read_once() {
    if (rig.now + milliseconds(200) > end) return;
    const auto seqnum = rig.vhci.submit(kBulkIn, 64);
    rig.settle();
    const auto transaction = rig.agent.submits.back().transaction;
    const bool cancels = random.chance(0.5);
    const Duration unlink_after{random.below(20'000'000)};
    const Duration answer_after{random.below(20'000'000)};
    if (cancels) {
      rig.at(rig.now + unlink_after, [this, seqnum] {
        rig.vhci.unlink(seqnum);
        rig.settle();
        collect_read();
      });
    }
    rig.at(rig.now + answer_after, [this, transaction, cancels, unlink_after, answer_after] {
      wire::UrbReply reply;
      reply.attachment = kAttachment;
      reply.transaction = transaction;
      const bool was_cancelled = cancels && unlink_after < answer_after;
      const auto given = was_cancelled && random.chance(0.5) ? 0 : 1 + random.below(64);
      if (was_cancelled) reply.status = UrbStatus::connection_reset;
      reply.actual = static_cast<std::uint32_t>(given);
      for (std::size_t i = 0; i < given; ++i) {
        reply.data.push_back(static_cast<std::byte>(bytes_given++));
      }
      rig.attachment.receive(std::move(reply), rig.now);
      rig.settle();
      collect_read();
      plan_reads();
    });
  }
  void collect_read() {
    for (const Answer& answer : rig.other_answers) {
      if (answer.is_unlink) continue;
      if (key_urbs.erase(answer.seqnum) != 0) {
        EXPECT_EQ(answer.data, std::vector<std::byte>(8, static_cast<std::byte>(keys_read++)));
        continue;
      }
      for (const std::byte byte : answer.data) {
        EXPECT_EQ(byte, static_cast<std::byte>(bytes_read++));
      }
    }
    rig.other_answers.clear();
  }

  // Key presses and reads of them at random moments; some reads are cancelled.
  void plan_keys() {
    rig.at(begin, [this] { ask_for_key(); });
    for (int i = 0; i < 60; ++i) {
      rig.at(begin + milliseconds(1 + random.below(2500)), [this] {
        const std::vector<std::byte> payload(8, static_cast<std::byte>(keys_given++));
        std::vector<std::byte> bytes(payload.size() + wire::kInterruptFixed);
        EXPECT_TRUE(wire::encode(wire::InterruptBody{UrbStatus::ok, payload}, bytes));
        rig.attachment.receive(item_of(kHid, kEpoch, rig.now), bytes, rig.now);
        rig.settle();
        collect_read();
      });
      rig.at(begin + milliseconds(1 + random.below(2500)), [this] { ask_for_key(); });
    }
    for (int i = 0; i < 70; ++i) rig.at(end - milliseconds(100), [this] { ask_for_key(); });
  }
  void ask_for_key() {
    const auto seqnum = rig.vhci.submit(kHid, 8);
    key_urbs.insert(seqnum);
    rig.settle();
    if (random.chance(0.3) && rig.now < end - milliseconds(200)) {
      rig.vhci.unlink(seqnum);
      rig.settle();
    }
    collect_read();
  }

  void check_audio(const DriverQueue& queue) {
    const Duration urb = interval * static_cast<std::int64_t>(per_urb);
    Instant nominal = begin;
    for (std::size_t i = 0; i < queue.completions.size(); ++i) {
      const auto& completion = queue.completions[i];
      EXPECT_EQ(completion.status, UrbStatus::ok);
      const Instant from = std::max(nominal, completion.submitted);
      EXPECT_LE(completion.at, from + urb + milliseconds(50) + rig.wake_up_late) << i;
      if (i > 0) {
        EXPECT_GE(completion.at - nominal, urb / 2) << i;
      }
      nominal = completion.at;
    }
    if (!queue.outstanding.empty()) {
      EXPECT_LE(rig.now, std::max(nominal, queue.outstanding.begin()->second) + urb +
                             milliseconds(50) + rig.wake_up_late);
    }
    if (queue.completions.empty()) return;
    const auto account = rig.stream_status(queue.endpoint).account;
    EXPECT_EQ(account.total() - account.unlinked, queue.completions.size() * per_urb);
  }

 public:
  Random random;

 private:
  Speed speed;
  Duration interval;
  std::uint32_t packet;
  std::size_t per_urb;
  Duration one_way;
  Duration jitter;
  double loss;
  Rig rig;
  FakeBus bus;
  DriverQueue in;
  DriverQueue out;
  Instant begin{};
  Instant end{};
  std::pair<Instant, Instant> outage;
  std::uint64_t bytes_given = 0;
  std::uint64_t bytes_read = 0;
  std::set<std::uint32_t> key_urbs;
  int keys_given = 0;
  int keys_read = 0;
};

class RandomSchedule : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomSchedule, EveryUrbOnceInOrderInTimeNoByteLost) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Schedule schedule(GetParam(), GetParam() % 2 == 0 ? Speed::full : Speed::high);
  schedule.run(seconds(3));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSchedule, ::testing::Range<std::uint64_t>(1, 41));

}  // namespace
}  // namespace usbgw::host::test

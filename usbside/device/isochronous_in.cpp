// Isochronous IN on the agent: reads the endpoint without pause and gives every interval its bus
// index.
#include <algorithm>
#include <array>
#include <cstring>

#include "usbside/device/device_stream.h"
#include "usbside/device/interval_clock.h"
#include "usbside/device/interval_packer.h"

namespace usbgw::device {
namespace {

constexpr std::size_t kLeastTransfers = 4;
// A transfer queued less than this before the ring ends may miss its place (host controllers
// schedule up to a frame ahead).
constexpr Duration kDryGuard = std::chrono::milliseconds(1);
constexpr Duration kRetry = std::chrono::milliseconds(1);
// Submissions are system calls too: a deep ring fills over several turns, the first part at once.
constexpr std::size_t kSubmissionsPerTurn = 4;
// Gaps are spelled out up to this many intervals; beyond it the index only jumps, which the host
// sees as loss.
constexpr std::int64_t kMostGapIntervals = 2048;

wire::Interval interval_of(const IsoPacket& packet) {
  wire::Interval interval;
  interval.length = static_cast<std::uint16_t>(std::min(packet.actual, packet.length));
  if (packet.status == UrbStatus::cross_device && interval.length == 0)
    interval.state = wire::IntervalState::device_gap;
  else if (packet.status != UrbStatus::ok)
    interval.state = wire::IntervalState::error;
  return interval;
}

// No longer than a URB of the driver: an interval would wait in it for others that its URB does not
// want.
Duration transfer_time(const StreamSetup& setup, const StreamTuning& tuning) {
  if (setup.open.urb_intervals == 0) return tuning.transfer;
  return std::min(tuning.transfer,
                  setup.interval * static_cast<std::int64_t>(setup.open.urb_intervals));
}

class IsochronousIn final : public DeviceStream {
 public:
  IsochronousIn(const StreamSetup& setup, const StreamTuning& tuning, StreamContext& context)
      : DeviceStream(setup, context),
        shape_(shape_of(setup.interval, transfer_time(setup, tuning), tuning.in_ring,
                        kLeastTransfers)),
        clock_(setup.interval, static_cast<std::int64_t>(shape_.transfers * shape_.intervals)),
        packer_(setup.interval, capacity()) {}

  void start() override {
    const std::size_t packet = setup_.open.packet_bytes;
    make_ring(shape_.transfers, shape_.intervals, shape_.intervals * packet);
    for (const auto& transfer : ring())
      for (auto& slot : transfer->packets) slot.length = static_cast<std::uint32_t>(packet);
    submit_idle();
  }

  std::size_t turn() override {
    if (is_closing() || context_.now < retry_at_) return 0;
    retry_at_ = kNever;
    submit_idle();
    return 1;
  }

  Instant next_deadline() const override { return is_closing() ? kNever : retry_at_; }

  void on_complete(Transfer& transfer, Instant completed) override {
    queued_ -= static_cast<std::int64_t>(shape_.intervals);
    if (is_closing() || transfer.status == UrbStatus::no_device) return;
    if (transfer.status == UrbStatus::connection_reset || transfer.status == UrbStatus::not_found) {
      retry_at_ = context_.now + kRetry;  // cancelled by the system, not by us
      return;
    }
    take_time(completed);
    forward(transfer, completed);
    submit(transfer);
  }

  void pause_for_halt() override {}  // isochronous endpoints do not halt
  void resume_after_halt() override {}

 private:
  void submit_idle() {
    std::size_t submitted = 0;
    for (const auto& transfer : ring()) {
      if (transfer->in_flight) continue;
      if (submitted++ == kSubmissionsPerTurn) {
        retry_at_ = context_.now;
        return;
      }
      submit(*transfer);
    }
  }

  void submit(Transfer& transfer) {
    const auto end = clock_.end_of(next_ + queued_ - 1);
    const bool may_be_dry = end && context_.now + kDryGuard >= *end;
    if (may_be_dry && first_after_dry_ < 0) first_after_dry_ = next_ + queued_;
    const UrbStatus status = context_.device.submit(transfer);
    if (status == UrbStatus::ok) {
      queued_ += static_cast<std::int64_t>(shape_.intervals);
    } else if (status != UrbStatus::no_device) {
      context_.counters.add(DeviceCounter::submit_retries);
      retry_at_ = context_.now + kRetry;
    }
  }

  void forward(Transfer& transfer, Instant completed) {
    const auto count = static_cast<std::int64_t>(transfer.packets.size());
    const bool may_follow_gap = first_after_dry_ >= 0 && next_ >= first_after_dry_;
    if (may_follow_gap) first_after_dry_ = -1;
    const std::int64_t gap =
        clock_.missing(next_ + count - 1, {transfer.pending_at, completed}, may_follow_gap);
    if (gap > 0) forward_gap(gap, completed - setup_.interval * count);

    std::array<wire::Interval, wire::kMaxIntervals> intervals;
    for (std::size_t i = 0; i < transfer.packets.size(); ++i) {
      intervals[i] = interval_of(transfer.packets[i]);
      if (intervals[i].state == wire::IntervalState::error)
        context_.counters.add(DeviceCounter::in_errors);
    }
    context_.counters.add(DeviceCounter::in_intervals, transfer.packets.size());
    const auto used = std::span(intervals).first(transfer.packets.size());
    pack(used, gather(transfer, used), completed, false);
  }

  void forward_gap(std::int64_t gap, Instant end) {
    context_.counters.add(DeviceCounter::in_gaps);
    context_.counters.add(DeviceCounter::in_gap_intervals, static_cast<std::uint64_t>(gap));
    const std::int64_t skipped = std::max<std::int64_t>(gap - kMostGapIntervals, 0);
    next_ += skipped;
    gap -= skipped;
    std::array<wire::Interval, wire::kMaxIntervals> intervals;
    intervals.fill({0, wire::IntervalState::device_gap});
    while (gap > 0) {
      const auto count = std::min<std::int64_t>(gap, wire::kMaxIntervals);
      gap -= count;
      pack(std::span(intervals).first(static_cast<std::size_t>(count)), {},
           end - setup_.interval * gap, true);
    }
  }

  void pack(std::span<const wire::Interval> intervals, std::span<const std::byte> data, Instant end,
            bool is_gap) {
    packer_.pack(next_, intervals, data, end, is_gap, [this](const wire::IsochronousBody& body) {
      const bool sent = publish(ItemKind::source, SourceNumber{source_}, context_.now,
                                [&](std::span<std::byte> to) { return encode(body, to); });
      if (sent)
        ++source_;
      else
        context_.counters.add(DeviceCounter::in_dropped);
    });
    next_ += static_cast<std::int64_t>(intervals.size());
  }

  // Moves the packets together, in the transfer's own buffer.
  std::span<const std::byte> gather(Transfer& transfer, std::span<const wire::Interval> intervals) {
    std::size_t from = 0;
    std::size_t to = 0;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      if (from != to)
        std::memmove(transfer.data.data() + to, transfer.data.data() + from, intervals[i].length);
      from += transfer.packets[i].length;
      to += intervals[i].length;
    }
    return transfer.data.first(to);
  }

  RingShape shape_;
  IntervalClock clock_;
  IntervalPacker packer_;
  std::int64_t next_ = 0;              // index of the next interval to complete
  std::int64_t queued_ = 0;            // intervals in flight
  std::int64_t first_after_dry_ = -1;  // first interval queued when the ring may have been dry
  std::int64_t source_ = 0;
  Instant retry_at_ = kNever;
};

}  // namespace

std::unique_ptr<DeviceStream> make_isochronous_in(const StreamSetup& setup,
                                                  const StreamTuning& tuning,
                                                  StreamContext& context) {
  return std::make_unique<IsochronousIn>(setup, tuning, context);
}

}  // namespace usbgw::device

// Isochronous OUT on the agent: a short ring, submitted `out_ahead` in advance. Each transfer takes
// the data that has come by then; what has not come goes out as silence of the right length.
#include <algorithm>
#include <cstring>

#include "common/sequence.h"
#include "usbside/device/device_stream.h"
#include "usbside/device/interval_clock.h"
#include "usbside/device/nominal_length.h"
#include "usbside/device/out_window.h"
#include "wire/clock_report.h"
#include "wire/isochronous_body.h"

namespace usbgw::device {
namespace {

constexpr std::size_t kLeastTransfers = 2;
constexpr Duration kRetry = std::chrono::milliseconds(1);
// A bus that has not played the rest by so much after its time is not waited for.
constexpr Duration kOverdue = std::chrono::milliseconds(100);
// How far ahead of its submission data may come: the host's greatest D and what its driver queues.
constexpr Duration kWindow = std::chrono::milliseconds(640);
constexpr std::size_t kLeastWindow = 64;
// snd-usb-audio queues up to 18 ms (card.h, MAX_QUEUE), and all of it comes before its time.
constexpr Duration kQueued = std::chrono::milliseconds(32);
constexpr std::size_t kMostWindowBytes = std::size_t{48} << 20;  // SuperSpeed endpoints
// 500 reports a second at transfers of 1 ms; a quarter forgiven for jitter.
constexpr Duration kReportEvery = std::chrono::microseconds(1750);
constexpr Duration kNoMargin = wire::ClockReport::kNoMargin;

std::size_t window_of(Duration interval, std::size_t packet_bytes, std::size_t asked_for) {
  const auto most = static_cast<std::size_t>(kWindow / interval);
  const auto least = static_cast<std::size_t>(kQueued / interval);
  const std::size_t wanted = asked_for == 0 ? most : std::max(asked_for, least);
  return std::max(std::min(wanted, kMostWindowBytes / packet_bytes), kLeastWindow);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

class IsochronousOut final : public DeviceStream {
 public:
  IsochronousOut(const StreamSetup& setup, const StreamTuning& tuning, StreamContext& context)
      : DeviceStream(setup, context),
        shape_(shape_of(setup.interval, tuning.transfer, tuning.out_ahead, kLeastTransfers)),
        clock_(setup.interval, static_cast<std::int64_t>(shape_.transfers * shape_.intervals)),
        window_(window_of(setup.interval, setup.open.packet_bytes, tuning.out_window),
                setup.open.packet_bytes),
        nominal_(setup.audio, setup.interval),
        silence_(setup.audio ? setup.audio->silence : std::byte{0}) {}

  void start() override {
    make_ring(shape_.transfers, shape_.intervals, shape_.intervals * setup_.open.packet_bytes);
    flights_.resize(shape_.transfers);
    submit_idle();
  }

  std::size_t turn() override;
  Instant next_deadline() const override {
    return is_closing() ? kNever : std::min(retry_at_, finish_by_);
  }
  Duration submit_ahead() const override {
    return transfer_time() * static_cast<std::int64_t>(shape_.transfers);
  }

  void receive(const StreamItem& item, std::span<const std::byte> body) override;
  void on_complete(Transfer& transfer, Instant completed) override;
  void finish() override;
  bool is_finishing() const override { return finish_by_ != kNever && !is_closing(); }
  void pause_for_halt() override {}
  void resume_after_halt() override {}

 private:
  struct Flight {
    std::int64_t first = 0;
    Instant submitted{};
    bool may_follow_gap = false;
  };

  [[nodiscard]] Duration transfer_time() const {
    return setup_.interval * static_cast<std::int64_t>(shape_.intervals);
  }
  Flight& flight_of(const Transfer& transfer) {
    std::size_t i = 0;
    while (ring()[i].get() != &transfer) ++i;
    return flights_[i];
  }

  void submit_idle() {
    for (const auto& transfer : ring())
      if (!transfer->in_flight && !is_spent()) submit(*transfer);
  }
  // Nothing is left to play.
  [[nodiscard]] bool is_spent() const { return is_finishing() && window_.is_empty(); }
  void submit(Transfer& transfer);
  void fill(Transfer& transfer);
  std::size_t fill_interval(std::span<std::byte> room);
  void skip(std::int64_t intervals);
  void keep_up_with_bus();
  void account(const Flight& flight, const IntervalClock::Completion& completion);
  void report(const Flight& flight, Instant completed);
  // When interval `index` was or will be submitted, one transfer a transfer time.
  [[nodiscard]] Instant submission_of(std::int64_t index) const;
  // False: the interval came too late or lies outside the window.
  bool admit(std::int64_t index);
  void take_interval(std::int64_t index, const wire::IsochronousBody& body, std::size_t i,
                     std::span<const std::byte> part);

  RingShape shape_;
  IntervalClock clock_;
  OutWindow window_;
  NominalLength nominal_;
  std::byte silence_;
  std::vector<Flight> flights_;
  std::int64_t first_data_ = INT64_MAX;  // least index that data came for
  Instant last_submission_{};
  Instant last_report_{};
  Duration least_margin_ = kNoMargin;
  std::uint32_t late_ = 0;
  std::uint32_t missing_ = 0;
  Instant retry_at_ = kNever;
  Instant finish_by_ = kNever;  // set by finish()
};

std::size_t IsochronousOut::turn() {
  if (is_spent() ? is_idle() : context_.now >= finish_by_) {
    begin_close();
    return 1;
  }
  if (context_.now < retry_at_) return 0;
  retry_at_ = kNever;
  submit_idle();
  return 1;
}

// The driver's URBs completed D_out before their data is played: whoever closes the stream when the
// last one is back would lose that much of the end.
void IsochronousOut::finish() {
  if (is_closing() || is_finishing()) return;
  finish_by_ = context_.now + setup_.interval * window_.pending() + submit_ahead() + kOverdue;
}

void IsochronousOut::receive(const StreamItem& item, std::span<const std::byte> bytes) {
  if (item.kind != ItemKind::source || is_closing()) return;
  const auto body = wire::IsochronousBody::decode(bytes);
  if (!body) {
    context_.counters.add(DeviceCounter::out_malformed);
    return;
  }
  const std::int64_t first = unwrap_near(body->first_index, window_.next());
  for (std::int64_t i = 0; i < body->history_count; ++i)
    window_.learn(first - body->history_count + i, body->history[static_cast<std::size_t>(i)]);
  auto rest = body->payload;
  for (std::size_t i = 0; i < body->count; ++i) {
    const std::size_t size = body->is_fragment ? rest.size() : body->intervals[i].length;
    take_interval(first + static_cast<std::int64_t>(i), *body, i, rest.first(size));
    rest = rest.subspan(size);
  }
}

void IsochronousOut::take_interval(std::int64_t index, const wire::IsochronousBody& body,
                                   std::size_t i, std::span<const std::byte> part) {
  const std::size_t length = body.intervals[i].length;
  if (index < 0 || length > setup_.open.packet_bytes) {
    context_.counters.add(DeviceCounter::out_malformed);
    return;
  }
  first_data_ = std::min(first_data_, index);
  const bool is_end = !body.is_fragment || body.is_last_fragment;
  if (is_end) {  // a fragmented interval is judged by its end
    least_margin_ = std::min(least_margin_, submission_of(index) - context_.now);
    if (!admit(index)) return;
  }
  if (window_.holds(index)) window_.put(index, {body.stamp, length, body.fragment_offset, part});
}

bool IsochronousOut::admit(std::int64_t index) {
  if (window_.holds(index)) return true;
  if (index < window_.next()) {
    ++late_;
    context_.counters.add(DeviceCounter::out_late);
  } else {
    context_.counters.add(DeviceCounter::out_outside_window);
  }
  return false;
}

Instant IsochronousOut::submission_of(std::int64_t index) const {
  const auto each = static_cast<std::int64_t>(shape_.intervals);
  return last_submission_ + transfer_time() * floor_div(index - (window_.next() - each), each);
}

void IsochronousOut::on_complete(Transfer& transfer, Instant completed) {
  if (is_closing() || transfer.status == UrbStatus::no_device) return;
  if (transfer.status == UrbStatus::connection_reset || transfer.status == UrbStatus::not_found) {
    retry_at_ = context_.now + kRetry;  // cancelled by the system, not by us
    return;
  }
  const auto errors = std::count_if(transfer.packets.begin(), transfer.packets.end(),
                                    [](const auto& p) { return p.status != UrbStatus::ok; });
  context_.counters.add(DeviceCounter::out_errors, static_cast<std::uint64_t>(errors));
  take_time(completed);
  Flight& flight = flight_of(transfer);
  account(flight, {transfer.pending_at, completed});
  if (completed - last_report_ >= kReportEvery || transfer_time() >= kReportEvery)
    report(flight, completed);
  if (!is_spent()) submit(transfer);
}

// A gap moves everything that was submitted after it, too.
void IsochronousOut::account(const Flight& flight, const IntervalClock::Completion& completion) {
  const auto each = static_cast<std::int64_t>(shape_.intervals);
  const std::int64_t gap =
      clock_.missing(flight.first + each - 1, completion, flight.may_follow_gap);
  if (gap == 0) return;
  for (auto& other : flights_)
    if (other.first >= flight.first) other.first += gap;
  skip(gap);
}

void IsochronousOut::report(const Flight& flight, Instant completed) {
  if (is_finishing()) return;  // nobody listens any more
  wire::ClockReport report;
  report.index =
      static_cast<std::uint32_t>(flight.first + static_cast<std::int64_t>(shape_.intervals) - 1);
  report.stamp = completed;
  report.submitted_ahead = completed - flight.submitted;
  report.least_margin = least_margin_;
  report.late = late_;
  report.missing = missing_;
  const bool sent = publish(ItemKind::clock_report, SourceNumber{0}, context_.now,
                            [&](std::span<std::byte> to) { return encode(report, to); });
  if (!sent) return;
  last_report_ = completed;
  least_margin_ = kNoMargin;
}

void IsochronousOut::submit(Transfer& transfer) {
  keep_up_with_bus();
  Flight& flight = flight_of(transfer);
  const auto end = clock_.end_of(window_.next() - 1);
  flight.first = window_.next();
  flight.submitted = context_.now;
  // Half a transfer before the ring ends, the host controller may have closed its schedule.
  flight.may_follow_gap = end && context_.now + transfer_time() / 2 >= *end;
  last_submission_ = context_.now;
  fill(transfer);
  const UrbStatus status = context_.device.submit(transfer);
  if (status != UrbStatus::ok && status != UrbStatus::no_device) {
    context_.counters.add(DeviceCounter::submit_retries);
    retry_at_ = context_.now + kRetry;
  }
}

// The bus has gone on past what was queued: those intervals are over.
void IsochronousOut::keep_up_with_bus() {
  const auto end = clock_.end_of(window_.next() - 1);
  if (!end || context_.now < *end) return;
  const std::int64_t passed = clock_.passed((context_.now - *end) / setup_.interval + 1);
  if (passed > 0) skip(passed);
}

void IsochronousOut::skip(std::int64_t intervals) {
  context_.counters.add(DeviceCounter::out_gaps);
  context_.counters.add(DeviceCounter::out_gap_intervals, static_cast<std::uint64_t>(intervals));
  window_.skip(intervals);
}

void IsochronousOut::fill(Transfer& transfer) {
  const auto room = buffer_of(transfer);
  std::size_t used = 0;
  for (auto& packet : transfer.packets) {
    const std::size_t length = fill_interval(room.subspan(used, setup_.open.packet_bytes));
    packet.length = static_cast<std::uint32_t>(length);
    used += length;
  }
  transfer.data = room.first(used);
  context_.counters.add(DeviceCounter::out_intervals, transfer.packets.size());
}

std::size_t IsochronousOut::fill_interval(std::span<std::byte> room) {
  const bool is_lead_in = window_.next() < first_data_;
  const bool is_wanted = !is_spent();
  const auto taken = window_.take();
  if (taken.knowledge == OutWindow::Knowledge::complete) {
    std::copy(taken.bytes.begin(), taken.bytes.end(), room.begin());
    nominal_.add(static_cast<std::uint32_t>(taken.length));
    return taken.length;
  }
  if (is_wanted)
    context_.counters.add(is_lead_in ? DeviceCounter::out_lead_in : DeviceCounter::out_missing);
  if (is_wanted && !is_lead_in) ++missing_;
  std::size_t length = nominal_.next();
  if (taken.knowledge == OutWindow::Knowledge::length_only && nominal_.is_pcm())
    length = taken.length;
  length = std::min(length, room.size());
  std::fill_n(room.begin(), length, silence_);
  return length;
}

}  // namespace

std::unique_ptr<DeviceStream> make_isochronous_out(const StreamSetup& setup,
                                                   const StreamTuning& tuning,
                                                   StreamContext& context) {
  return std::make_unique<IsochronousOut>(setup, tuning, context);
}

}  // namespace usbgw::device

// A polled IN endpoint (interrupt, or bulk of a MIDI interface): read without pause while the host
// takes the reports. When it does not, or the link to the session is full, the reports stay in
// their transfers, which are then not resubmitted: polling pauses and nothing is lost.
#include <algorithm>
#include <vector>

#include "usbside/device/device_stream.h"
#include "wire/interrupt_body.h"
#include "wire/stream_request.h"

namespace usbgw::device {
namespace {

// Enough that the endpoint is polled in every interval although completions are reaped late.
constexpr std::size_t kTransfers = 4;
// One stream holds at most this part of the link's blocks while the network is down.
constexpr std::size_t kLinkShare = 8;
constexpr Duration kLinkRetry = std::chrono::milliseconds(1);
constexpr Duration kErrorRetry = std::chrono::milliseconds(10);
constexpr Duration kErrorRetryMost = std::chrono::milliseconds(160);

class PolledIn final : public DeviceStream {
 public:
  PolledIn(const StreamSetup& setup, StreamContext& context) : DeviceStream(setup, context) {
    waiting_.reserve(kTransfers);
  }

  void start() override {
    make_ring(kTransfers, 0, setup_.open.packet_bytes);
    submit_idle();
  }

  std::size_t turn() override {
    if (is_closing() || context_.now < next_deadline()) return 0;
    retry_at_ = kNever;
    const bool may_poll = context_.now >= poll_again_at_;
    if (may_poll) poll_again_at_ = kNever;
    drain();
    if (may_poll && !halted_) submit_idle();
    return 1;
  }

  Instant next_deadline() const override {
    return is_closing() ? kNever : std::min(retry_at_, poll_again_at_);
  }

  // No less than it has said before, no more than it was sent.
  void reports_taken(std::uint64_t reports) override {
    const auto sent = static_cast<std::uint64_t>(source_);
    taken_ = std::max(taken_, std::min(reports, sent));
    if (paused_) retry_at_ = Instant{};
  }

  void on_complete(Transfer& transfer, Instant) override {
    if (is_closing() || flushing_ || transfer.status == UrbStatus::no_device) {
      if (transfer.actual > 0) context_.counters.add(DeviceCounter::polled_flushed);
      return;
    }
    const bool was_cancelled =
        transfer.status == UrbStatus::connection_reset || transfer.status == UrbStatus::not_found;
    if (was_cancelled && transfer.actual == 0) {
      if (!halted_) poll_again_at_ = context_.now + kErrorRetry;
      return;
    }
    if (was_cancelled) transfer.status = UrbStatus::ok;  // it is the report's data that counts
    if (transfer.status != UrbStatus::ok) note_error(transfer.status);
    waiting_.push_back(&transfer);
    drain();
  }

  void pause_for_halt() override {
    if (flushing_) return;
    flushing_ = true;
    flush();
    cancel_ring();
  }

  void resume_after_halt() override {
    flushing_ = false;
    halted_ = false;
    errors_in_a_row_ = 0;
    if (!is_closing()) submit_idle();
  }

 protected:
  void closed() override { flush(); }

 private:
  void flush() {
    context_.counters.add(DeviceCounter::polled_flushed, waiting_.size());
    waiting_.clear();
    paused_ = false;
    retry_at_ = kNever;
    poll_again_at_ = kNever;
  }

  // A stall lasts until CLEAR_FEATURE(HALT); others may pass.
  void note_error(UrbStatus status) {
    context_.counters.add(DeviceCounter::polled_errors);
    ++errors_in_a_row_;
    if (status == UrbStatus::stall) {
      halted_ = true;
      cancel_ring();
    }
  }

  void drain() {
    while (!waiting_.empty()) {
      Transfer& transfer = *waiting_.front();
      const bool is_error = transfer.status != UrbStatus::ok;
      const bool is_repeated = is_error && errors_in_a_row_ > 1 && reported_error_;
      if (!is_repeated && !forward(transfer)) {
        pause();
        return;
      }
      waiting_.erase(waiting_.begin());
      paused_ = false;
      reported_error_ = is_error;
      if (is_error)
        back_off();
      else if (!halted_)
        resubmit(transfer);
    }
  }

  // The host says when it has taken more; nobody says that the link has room again.
  void pause() {
    if (!paused_) context_.counters.add(DeviceCounter::polled_pauses);
    paused_ = true;
    retry_at_ = is_host_behind() ? kNever : context_.now + kLinkRetry;
  }

  [[nodiscard]] bool is_host_behind() const {
    return static_cast<std::uint64_t>(source_) - taken_ >= wire::kMaxUntakenReports;
  }
  [[nodiscard]] bool has_its_share_of_the_link() {
    StreamLink& link = context_.sink.outbound();
    const auto id = stream_of(setup_.open.attachment, setup_.open.endpoint);
    return link.outstanding(id) >= std::max(kTransfers, link.block_count() / kLinkShare);
  }

  bool forward(const Transfer& transfer) {
    if (is_host_behind() || has_its_share_of_the_link()) return false;
    wire::InterruptBody body;
    body.status = transfer.status;
    body.payload = transfer.data.first(std::min(transfer.actual, transfer.data.size()));
    const bool sent = publish(ItemKind::source, SourceNumber{source_}, context_.now,
                              [&](std::span<std::byte> to) { return encode(body, to); });
    if (!sent) return false;
    ++source_;
    if (transfer.status == UrbStatus::ok) {
      errors_in_a_row_ = 0;
      context_.counters.add(DeviceCounter::polled_reports);
    }
    return true;
  }

  void back_off() {
    if (halted_) return;
    const auto doublings = std::min<std::uint32_t>(errors_in_a_row_, 5);
    poll_again_at_ = context_.now + std::min(kErrorRetry * (1 << doublings) / 2, kErrorRetryMost);
  }

  void submit_idle() {
    for (const auto& transfer : ring()) {
      const bool is_waiting =
          std::find(waiting_.begin(), waiting_.end(), transfer.get()) != waiting_.end();
      if (!transfer->in_flight && !is_waiting) resubmit(*transfer);
    }
  }

  void resubmit(Transfer& transfer) {
    transfer.actual = 0;
    const UrbStatus status = context_.device.submit(transfer);
    if (status == UrbStatus::ok || status == UrbStatus::no_device) return;
    context_.counters.add(DeviceCounter::submit_retries);
    poll_again_at_ = context_.now + kErrorRetry;
  }

  std::vector<Transfer*> waiting_;  // completed, not yet forwarded, in order; at most kTransfers
  std::int64_t source_ = 0;         // the next; reports sent
  std::uint64_t taken_ = 0;         // by the host
  std::uint32_t errors_in_a_row_ = 0;
  bool reported_error_ = false;
  bool paused_ = false;    // the host is behind, or the link to the session is full
  bool halted_ = false;    // the endpoint stalled
  bool flushing_ = false;  // between pause and resume
  Instant retry_at_ = kNever;
  Instant poll_again_at_ = kNever;
};

}  // namespace

std::unique_ptr<DeviceStream> make_polled_in(const StreamSetup& setup, StreamContext& context) {
  return std::make_unique<PolledIn>(setup, context);
}

}  // namespace usbgw::device

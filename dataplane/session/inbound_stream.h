// One opening of one stream on its way in: tells duplicates, repairs a timely stream's losses, and
// puts a reliable stream's sources in order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "common/sequence.h"
#include "dataplane/session/gap_tracker.h"
#include "dataplane/session/inbound_blocks.h"
#include "dataplane/session/newest_packet.h"
#include "dataplane/session/seen_window.h"
#include "dataplane/session/session.h"
#include "dataplane/session/session_limits.h"
#include "fec/repair_window.h"
#include "wire/records.h"

namespace usbgw::session {

enum class Acceptance : std::uint8_t {
  delivered,  // published, or held until the sources before it have come
  duplicate,
  refused_ring_full,
  refused_no_block,  // reliable: too many wait already, or too far ahead; it will be sent again
};

class InboundStream {
 public:
  InboundStream(InboundBlocks& blocks, SessionCounters& counters)
      : blocks_(&blocks), counters_(&counters) {}

  void open(const StreamOptions& options);
  void close();
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] const StreamOptions& options() const { return options_; }
  [[nodiscard]] wire::StreamKey key() const { return {options_.stream, options_.epoch}; }

  // `item` points into a claimed block; its source number is filled in here. `lag`: how much later
  // the slowest path would have brought it.
  [[nodiscard]] Acceptance receive(StreamItem item, std::uint32_t number, Duration lag = {});
  // Timely: what the symbol recovers is delivered, in blocks of its own. False when no sender that
  // computes as we do can have made it.
  [[nodiscard]] bool receive_repair(const wire::RepairRecord& repair, Instant now);
  // For its symbols over several sources; it is the slot's from then on.
  [[nodiscard]] bool wants_window() const { return is_open_ && is_combined_ && !window_; }
  void take_window(std::unique_ptr<fec::RepairWindow> window) { window_ = std::move(window); }
  // Reliable: publishes what is in order; returns the items published. Again after a full ring.
  std::size_t deliver();
  [[nodiscard]] bool has_undelivered() const { return is_held(next_); }

  // Timely, when its losses are asked for.
  [[nodiscard]] bool asks() const {
    return options_.delivery == Delivery::timely && options_.repair.resends &&
           options_.repair.deadline > Duration{};
  }
  GapTracker gaps;
  void set_deadline(Duration deadline);
  [[nodiscard]] bool reports() const {
    return asks() && options_.repair.scheme == RepairScheme::automatic;
  }
  // When the sender is to hear what is lost: regularly, and soon after a loss. kNever: never.
  [[nodiscard]] Instant next_report() const;
  [[nodiscard]] wire::LossReportRecord take_report(Instant now);

  [[nodiscard]] bool owes_ack() const { return owes_ack_; }
  // What to acknowledge; the debt ends with ack_sent().
  [[nodiscard]] wire::AckRecord ack() const;
  void ack_sent() { owes_ack_ = false; }

  NewestPacket clock_reports;

 private:
  [[nodiscard]] Acceptance receive_timely(StreamItem& item, std::uint32_t number, Duration lag);
  [[nodiscard]] Acceptance receive_reliable(StreamItem& item, std::uint32_t number);
  void learn(const StreamItem& item);
  void combine();
  void deliver_recovered(Instant now);
  void count_delivered(const StreamItem& item);
  [[nodiscard]] static std::size_t slot(std::int64_t number) {
    return static_cast<std::size_t>(number) % kReliableWindow;
  }
  [[nodiscard]] bool is_held(std::int64_t number) const { return (held_ >> slot(number) & 1) != 0; }

  InboundBlocks* blocks_;
  SessionCounters* counters_;
  StreamOptions options_;
  bool is_open_ = false;

  Unwrapper<std::uint32_t> unwrapper_;  // timely
  SeenWindow<kDuplicateWindow> seen_;
  // It is fed when our own streams combine, or from the first symbol over several sources on: most
  // streams never see one, and have none.
  std::unique_ptr<fec::RepairWindow> window_;
  Instant next_report_{};
  std::uint32_t reported_missing_ = 0;
  bool is_combined_ = false;

  bool owes_ack_ = false;  // reliable
  std::int64_t next_ = 0;  // the first source that has not been published
  std::uint64_t held_ = 0;
  std::array<StreamItem, kReliableWindow> items_{};
  static_assert(kReliableWindow == 64, "held_ has one bit for each");
};

}  // namespace usbgw::session

// The sender's side of repair for one opening of a timely stream: keeps the newest sources, and
// says which symbols are due over which of them. A delayed copy is a block of one source. Sources
// themselves wait for nothing. What is kept is the item, never a copy of its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/stream_link.h"
#include "dataplane/session/session.h"
#include "dataplane/session/session_limits.h"
#include "fec/repair_encoder.h"

namespace usbgw::session {

struct RepairPlan {
  RepairScheme scheme = RepairScheme::block;
  unsigned data = 1;
  unsigned repair = 0;  // 0: none
  Duration spread{};

  bool operator==(const RepairPlan&) const = default;
};

class RepairSchedule {
 public:
  explicit RepairSchedule(StreamLink& link) : link_(&link) {}

  // What was kept goes home. `resend_until`: sources are kept for that long to be sent again.
  void open(const RepairPlan& plan, Duration resend_until);
  void close();
  // From the next source on; what is owed stays so.
  void set_plan(const RepairPlan& plan);
  [[nodiscard]] const RepairPlan& plan() const { return plan_; }
  void resend_until(Duration age) { resend_until_ = age; }
  void heed_requests(bool heed) { heeds_requests_ = heed; }

  // Numbers ascend by one. The item is kept from now on.
  void sent(const StreamItem& item, Instant now);

  struct Symbol {
    Instant due{};
    std::int64_t first = 0;  // of `count` numbers without a gap
    std::uint8_t count = 0;
    std::uint8_t row = 0;
  };
  // The symbol to send next, if it is due; taken() when it has been sent or cannot be.
  [[nodiscard]] const Symbol* due(Instant now) const;
  void taken();
  // Its sources, as far as they are still kept; returns their number.
  [[nodiscard]] std::size_t gather(const Symbol& symbol,
                                   std::span<fec::Source, wire::kMaxRepairSet> to) const;
  [[nodiscard]] const StreamItem* find(std::int64_t number) const;
  // The receiver misses it. False when it is not sent again: it is no longer kept, would come too
  // late, crossed its request on the way, or the budget that sources fill is spent.
  bool request(std::int64_t number, bool is_twice, Instant now, Duration round_trip);
  // The source to send again next; resent() when it has been. What is to be sent twice comes again
  // when each has been sent once.
  struct Resend {
    const StreamItem* item = nullptr;  // none: it is no longer kept
    bool is_second = false;
  };
  [[nodiscard]] std::optional<Resend> due_resend() const;
  void resent();
  // Lets go of what nothing can need any more. At the beginning of a turn: a datagram that is open
  // still has the bytes of its sources to read.
  void expire(Instant now);
  [[nodiscard]] Instant next_deadline() const;

 private:
  struct Sent {
    StreamItem item;
    Instant at{};
    Instant asked_at{};  // when a request for it was last heeded
  };
  struct Requested {
    std::int64_t number = 0;
    bool is_twice = false;
    bool is_second = false;
  };
  [[nodiscard]] Sent& slot(std::int64_t number) {
    return sent_[static_cast<std::size_t>(number) % kRepairHistory];
  }
  [[nodiscard]] const Sent& slot(std::int64_t number) const {
    return sent_[static_cast<std::size_t>(number) % kRepairHistory];
  }
  void owe(const Symbol& symbol);
  void owe_block(Instant now);
  void owe_window(Instant now);
  [[nodiscard]] std::int64_t first_needed(Instant now) const;

  StreamLink* link_;
  RepairPlan plan_;
  std::vector<Sent> sent_;    // [oldest_, next_) by number
  std::vector<Symbol> owed_;  // in no order
  std::size_t earliest_ = 0;  // in owed_
  std::int64_t oldest_ = 0;
  std::int64_t next_ = 0;
  std::int64_t group_ = 0;  // the first source that no block has, or since the last window
  Instant group_ended_{};   // when the one before was complete
  std::uint8_t row_ = 0;    // window: of the next symbol
  Duration resend_until_{};
  bool heeds_requests_ = true;
  std::vector<Requested> requested_;  // in the order of sending, from resent_ on
  std::size_t resent_ = 0;
  double resends_left_ = 0;
};

}  // namespace usbgw::session

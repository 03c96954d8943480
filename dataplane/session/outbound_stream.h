// One opening of one stream on its way out: numbers its sources and keeps those that may be sent
// again. What is kept is the item, never a copy of its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/sequence.h"
#include "common/stream_link.h"
#include "dataplane/session/newest_packet.h"
#include "dataplane/session/repair_controller.h"
#include "dataplane/session/repair_schedule.h"
#include "dataplane/session/session.h"
#include "dataplane/session/session_limits.h"
#include "wire/records.h"

namespace usbgw::session {

// Kept items of all streams, in lists by index; allocated once.
class KeptItems {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = UINT32_MAX;

  struct Node {
    StreamItem item;  // item.source is the number that we gave
    Instant due{};    // when to send it (again)
    Instant copies_until{};
    Duration timeout{};
    bool is_copy_next = false;  // for the deadline, and before the first time-out
    Index next = kNone;
    [[nodiscard]] bool is_first() const { return timeout == Duration{}; }
  };
  struct List {
    Index head = kNone;
    Index tail = kNone;
    [[nodiscard]] bool empty() const { return head == kNone; }
  };

  explicit KeptItems(std::size_t capacity);
  // kNone when all are in use.
  [[nodiscard]] Index keep(const StreamItem& item);
  void free(Index index);
  [[nodiscard]] Node& operator[](Index index) { return nodes_[index]; }
  [[nodiscard]] const Node& operator[](Index index) const { return nodes_[index]; }
  void append(List& list, Index index);
  [[nodiscard]] Index take_first(List& list);
  [[nodiscard]] bool is_full() const { return free_ == kNone; }

 private:
  std::vector<Node> nodes_;
  Index free_ = kNone;
};

class OutboundStream {
 public:
  OutboundStream(KeptItems& kept, StreamLink& link) : schedule(link), kept_(&kept), link_(&link) {}

  void open(const StreamOptions& options);
  void close();  // everything kept goes home
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] const StreamOptions& options() const { return options_; }
  [[nodiscard]] bool is_reliable() const { return options_.delivery == Delivery::reliable; }
  [[nodiscard]] wire::StreamKey key() const { return {options_.stream, options_.epoch}; }

  [[nodiscard]] SourceNumber take_number() { return SourceNumber{next_number_++}; }
  [[nodiscard]] std::int64_t unwrap(std::uint32_t number) const {
    return unwrap_near(number, next_number_);
  }

  // --- timely: symbols over several sources ---
  [[nodiscard]] bool combines() const { return !is_reliable() && options_.repair.combines(); }
  RepairSchedule schedule;
  // What the receiver reports decides, when the scheme is automatic.
  void report(const wire::LossReportRecord& report, Instant now, const RoundTrip& round_trip);
  void source_sent(const StreamItem& item, Instant now);
  void set_deadline(Duration deadline);
  // Sources [first, end) are in `datagram`, themselves or in a symbol. A symbol over one of them
  // has to go in another: it would be lost with what it is there to repair.
  void is_in(std::uint64_t datagram, std::int64_t first, std::int64_t end);
  [[nodiscard]] bool shares_fate(std::uint64_t datagram, std::int64_t first,
                                 std::int64_t end) const {
    return datagram == datagram_ && first < held_end_ && held_first_ < end;
  }

  // --- timely: one delayed copy ---
  // False when nothing can be kept; the source then goes without a copy.
  [[nodiscard]] bool keep_for_copy(const StreamItem& item, Instant now);
  // The copy that is due, or kNone; take_copy() ends its keeping, but the item is the caller's.
  [[nodiscard]] KeptItems::Index due_copy(Instant now) const;
  StreamItem take_copy();

  // --- reliable: until acknowledged ---
  // Only when !kept.is_full(). Sources beyond the window wait here, in order.
  void enqueue(const StreamItem& item, Instant now);
  // The next source to send (again) from `cursor` on, or kNone; advances the cursor past it.
  [[nodiscard]] KeptItems::Index due_source(std::int64_t& cursor, Instant now) const;
  struct AnswerTimes {
    Duration expected{};  // an acknowledgement has come by then, but for a loss; zero: not known
    Duration timeout{};   // it is given up
  };
  void source_sent(KeptItems::Index index, Instant now, const AnswerTimes& answer);
  // False when the ack speaks of sources that were never sent.
  [[nodiscard]] bool acknowledge(const wire::AckRecord& ack, Instant now);
  [[nodiscard]] std::int64_t window_begin() const { return base_; }

  [[nodiscard]] Instant next_deadline() const;

  NewestPacket clock_reports;  // that came in for this stream
  NewestPacket loss_reports;

 private:
  [[nodiscard]] bool is_automatic() const {
    return options_.repair.scheme == RepairScheme::automatic;
  }
  void follow_controller();
  void fill_window(Instant now);
  [[nodiscard]] bool has_first() const;
  [[nodiscard]] std::optional<Instant> next_copy(const KeptItems::Node& node, Instant now,
                                                 Duration expected) const;
  void drop(std::int64_t number);
  [[nodiscard]] KeptItems::Index& slot(std::int64_t number) {
    return window_[static_cast<std::size_t>(number) % kReliableWindow];
  }
  [[nodiscard]] KeptItems::Index slot(std::int64_t number) const {
    return window_[static_cast<std::size_t>(number) % kReliableWindow];
  }

  std::unique_ptr<RepairController> controller_;  // made by the first opening that needs it
  KeptItems* kept_;
  StreamLink* link_;
  StreamOptions options_;
  bool is_open_ = false;
  std::int64_t next_number_ = 0;
  std::uint64_t datagram_ = 0;  // the newest with sources of ours, and the span of their numbers
  std::int64_t held_first_ = 0, held_end_ = 0;
  KeptItems::List waiting_;  // timely: copies by due time; reliable: beyond the window
  std::int64_t base_ = 0;    // reliable: the oldest unacknowledged
  std::int64_t end_ = 0;     // reliable: the first beyond the window
  std::array<KeptItems::Index, kReliableWindow> window_{};  // kNone: acknowledged
};

}  // namespace usbgw::session

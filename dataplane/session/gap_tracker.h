// Which sources of a timely stream are missing, and when to ask for them. A source is missed as
// soon as it is later than arrivals have lately been, whether or not one after it has come; it is
// asked for again after a round trip, the last time twice, and never when the answer would come
// after its deadline. Bounded: a place for each of kRepairHistory numbers, and a budget that
// arrivals fill.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/stream_link.h"
#include "dataplane/session/arrival_line.h"
#include "dataplane/session/path_monitor.h"
#include "dataplane/session/session_limits.h"
#include "wire/records.h"

namespace usbgw::session {

class GapTracker {
 public:
  void open(Duration deadline);
  // From now on.
  void set_deadline(Duration deadline);
  // A source was delivered, or came by itself after its repair. What counts is when the slowest
  // path would have brought it, `lag` after now: that the fastest one is gone is then no lateness.
  void arrived(std::int64_t number, Provenance provenance, Instant now, Duration lag = {});

  struct Request {
    std::uint32_t first = 0;
    std::uint64_t missing = 0;  // bit i: first + i
    bool is_last = false;       // nothing asked later would come in time
  };
  // What to ask for now; again until there is nothing.
  [[nodiscard]] std::optional<Request> take_request(Instant now, const RoundTrip& round_trip);
  [[nodiscard]] Instant next_deadline() const;
  // What has been lost before repair, in numbers whose fate is known.
  struct Losses {
    std::uint32_t settled = 0;
    std::uint32_t missing = 0;  // in runs up to the deadline
    std::uint32_t runs = 0;
    std::uint32_t beyond = 0;  // in longer ones
    Duration longest{};        // run up to the deadline, since forget_longest()
  };
  [[nodiscard]] const Losses& losses() const { return losses_; }
  void forget_longest() { losses_.longest = {}; }
  [[nodiscard]] const ArrivalLine& line() const { return line_; }

 private:
  struct Place {
    std::int64_t number = -1;
    bool has_come = false;
    bool is_direct = false;
    Instant ask_at = kNever;
  };
  [[nodiscard]] Place& place(std::int64_t number);
  [[nodiscard]] const Place& place(std::int64_t number) const {
    return places_[static_cast<std::size_t>(number) % kRepairHistory];
  }
  [[nodiscard]] bool has_place(std::int64_t number) const { return place(number).number == number; }
  [[nodiscard]] Duration patience() const;
  [[nodiscard]] Instant first_ask(std::int64_t number) const;
  [[nodiscard]] Instant deadline(std::int64_t number) const;
  [[nodiscard]] Instant settled(std::int64_t number) const;
  void give_up_old(Instant now);
  void make_room();
  void settle(bool is_direct);

  Duration deadline_{};
  ArrivalLine line_;
  std::array<Place, kRepairHistory> places_{};
  std::int64_t oldest_ = 0;   // all before have come or are given up
  std::int64_t newest_ = -1;  // that has come
  double budget_ = 0;
  Losses losses_;
  std::uint32_t run_ = 0;  // missing ones that end at oldest_
  // What next_deadline() has found; nothing has come or was asked for since.
  mutable std::optional<Instant> next_deadline_;
};

}  // namespace usbgw::session

// Which sources of a timely stream are missing, and when to ask for them. A source is missed as
// soon as it is later than arrivals have lately been, whether or not one after it has come; it is
// asked for again after a round trip, the last time twice, and never when the answer would come
// after its deadline. Bounded: a place for each of kRepairHistory numbers, and a budget that
// arrivals fill.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "dataplane/session/arrival_line.h"
#include "dataplane/session/session_limits.h"
#include "wire/records.h"

namespace usbgw::session {

struct RoundTrip {
  Duration least{};
  Duration bound{};  // an answer that has not come by then is lost
};

class GapTracker {
 public:
  void open(Duration deadline);
  // A source was delivered; `is_direct`: from its first sending.
  void arrived(std::int64_t number, bool is_direct, Instant now);

  struct Request {
    std::uint32_t first = 0;
    std::uint64_t missing = 0;  // bit i: first + i
    bool is_last = false;       // nothing asked later would come in time
  };
  // What to ask for now; again until there is nothing.
  [[nodiscard]] std::optional<Request> take_request(Instant now, const RoundTrip& round_trip);
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] const ArrivalLine& line() const { return line_; }

 private:
  struct Place {
    std::int64_t number = -1;
    bool has_come = false;
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
  void give_up_old(Instant now);

  Duration deadline_{};
  ArrivalLine line_;
  std::array<Place, kRepairHistory> places_{};
  std::int64_t oldest_ = 0;   // all before have come or are given up
  std::int64_t newest_ = -1;  // that has come
  double budget_ = 0;
};

}  // namespace usbgw::session

// Link addresses of the next hops, with the timing of RFC 4861 for both ARP and NDP. It says whom
// to ask and when; the asking is done by others. Who asks for us is remembered too, since an answer
// to it follows (RFC 826, RFC 4861 7.2.3), but only in half of the table, so strangers cannot fill
// it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/ip_address.h"
#include "common/timeline.h"
#include "wire/ethernet.h"

namespace usbgw::dpdk {

inline constexpr std::size_t kNeighbours = 64;
inline constexpr Duration kReachableTime = std::chrono::seconds(30);  // RFC 4861, 10
inline constexpr Duration kRetransTimer = std::chrono::seconds(1);    // the same
inline constexpr Duration kFirstRetry = std::chrono::milliseconds(100);
inline constexpr std::uint8_t kMaxUnanswered = 3;  // MAX_UNICAST_SOLICIT
inline constexpr Duration kForgetUnused = std::chrono::seconds(5);

// Names an entry while its generation lasts.
using NeighbourSlot = std::uint8_t;

class NeighbourTable {
 public:
  struct Found {
    NeighbourSlot slot;
    wire::MacAddress mac;
  };
  // Nothing while it is being asked for, which the first call starts; also when the table is full.
  [[nodiscard]] std::optional<Found> find(const IpAddress& next_hop, Instant now);
  // The entry carries traffic: it will be refreshed before it is forgotten.
  void mark_used(NeighbourSlot slot, Instant now) { entries_[slot].used = now; }
  // True when an entry got a new link address or was confirmed.
  bool learn(const IpAddress& address, const wire::MacAddress& mac, Instant now);
  // The same for somebody who asked for us, who may be new.
  bool learn_asker(const IpAddress& address, const wire::MacAddress& mac, Instant now);

  struct Question {
    IpAddress next_hop;
    std::optional<wire::MacAddress> last_known;  // ask it alone, not everybody
  };
  // Whom to ask now; call until it gives nothing.
  [[nodiscard]] std::optional<Question> next_question(Instant now);
  [[nodiscard]] Instant next_deadline() const { return next_deadline_; }
  // Changes whenever a link address that was given out is no longer right.
  [[nodiscard]] std::uint32_t generation() const { return generation_; }

 private:
  enum class State : std::uint8_t { unused, asked, known };
  struct Entry {
    State state = State::unused;
    std::uint8_t unanswered = 0;
    wire::MacAddress mac;
    IpAddress address;
    Instant used{};
    Instant due = kNever;  // of the next question, or of the refresh
  };
  [[nodiscard]] Entry* entry_of(const IpAddress& address);
  Entry* make_entry(const IpAddress& address, Instant now);
  [[nodiscard]] std::optional<Question> question_for(Entry& entry, Instant now);
  void forget(Entry& entry);
  void recompute_deadline();

  std::array<Entry, kNeighbours> entries_{};
  Instant next_deadline_ = kNever;
  std::uint32_t generation_ = 0;
};

}  // namespace usbgw::dpdk

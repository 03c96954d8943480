// The host controller between URBs and one Function: a queue for each endpoint, a bus clock that
// serves them. Rules, as a real controller's:
// - an isochronous URB takes the first free intervals that begin after it was submitted (ISO_ASAP);
//   an interval that nobody queued for is lost, and the Function is told;
// - a URB completes at the end of the interval that served its last packet;
// - bulk shares the bandwidth that remains of the bus; NAK leaves the URB waiting, STALL halts the
//   endpoint; interrupt endpoints get one transaction every period;
// - whoever calls late finds the intervals served in order, each for its nominal time.
// Sans-IO, one thread. Nothing calls back: completed URBs are fetched.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "usbside/device/software/bus_clock.h"
#include "usbside/device/software/endpoint_table.h"
#include "usbside/device/software/function.h"
#include "usbside/device/software/standard_requests.h"

namespace usbgw::device::software {

struct BusPacket {
  std::uint32_t offset = 0;  // in BusUrb::data
  std::uint32_t length = 0;
  std::uint32_t actual = 0;
  UrbStatus status = UrbStatus::ok;
};

// Owned by the submitter, at one address until it is completed or unlinked.
struct BusUrb {
  EndpointAddress endpoint;
  SetupPacket setup;
  std::span<std::byte> data;  // OUT: what to send; IN: room
  bool zero_packet = false;
  bool short_not_ok = false;
  std::uint32_t period = 0;        // service intervals; 0: as the descriptor says
  std::vector<BusPacket> packets;  // isochronous only

  UrbStatus status = UrbStatus::ok;
  std::size_t actual = 0;  // not for isochronous
  std::int64_t first_interval = 0;
  Instant completed{};

  std::size_t next_packet = 0;  // the bus's own
};

struct BusConfig {
  double bus_ppm = 0;  // cadence against the caller's clock
  Instant start{};
};

struct BusCounters {
  std::uint64_t urbs = 0;
  std::uint64_t unlinked = 0;
  std::uint64_t stalls = 0;
  std::uint64_t naks = 0;
};

class SoftwareBus {
 public:
  SoftwareBus(Function& function, const BusConfig& config);
  SoftwareBus(const SoftwareBus&) = delete;
  SoftwareBus& operator=(const SoftwareBus&) = delete;

  // Call advance(now) first, and again after the last submit.
  void submit(BusUrb& urb, Instant now);
  // True: taken back, with `actual` as far as it got; false: not pending (completed or unknown).
  bool unlink(const BusUrb& urb);
  // Serves everything up to `now`. A later `now` than the last one, or the same.
  void advance(Instant now);
  // The next completed URB in the order of completion; nullptr: none.
  [[nodiscard]] BusUrb* next_completed();
  [[nodiscard]] std::size_t completed() const { return completed_.size(); }
  // When advance() will next have something to complete.
  [[nodiscard]] Instant next_deadline() const;

  // What the kernel's and libusb's own calls do, besides the raw control requests.
  UrbStatus set_configuration(std::uint8_t value, Instant now);
  UrbStatus set_interface(std::uint8_t interface, std::uint8_t alternate, Instant now);
  void clear_halt(EndpointAddress endpoint);
  void reset(Instant now);

  [[nodiscard]] const std::vector<EndpointInfo>& endpoints() const { return endpoints_; }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] const BusClock& clock() const { return clock_; }
  [[nodiscard]] const BusCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint8_t configuration() const { return state_.configuration(); }

 private:
  struct Endpoint {
    const EndpointInfo* info = nullptr;  // of the selected alternate setting; none: not there
    std::vector<BusUrb*> queue;
    bool is_halted = false;
    bool is_running = false;        // isochronous: the stream has begun
    std::uint32_t period = 1;       // isochronous: of the newest URB
    std::int64_t next_service = 0;  // isochronous and interrupt: interval not served yet
    std::int64_t next_free = 0;     // isochronous: behind the last queued packet
  };

  Endpoint& endpoint(EndpointAddress address);
  void complete(BusUrb& urb, UrbStatus status, Instant when);
  void select_endpoints();
  void list_endpoints();
  void stop_stream(Endpoint& endpoint);

  void submit_isochronous(Endpoint& endpoint, BusUrb& urb, Instant now);
  [[nodiscard]] std::int64_t next_interval(const Endpoint& endpoint) const;
  void serve_interval(Endpoint& endpoint, std::int64_t interval);
  void serve_isochronous(Instant now);

  void run_control(BusUrb& urb, Instant now);
  enum class Progress : std::uint8_t { none, moved, completed };
  Progress transact(Endpoint& endpoint, Instant when);
  Progress transact_in(Endpoint& endpoint, BusUrb& urb, Instant when);
  Progress transact_out(Endpoint& endpoint, BusUrb& urb, Instant when);
  void serve_bulk(Instant now);
  void serve_interrupt(Instant now);
  [[nodiscard]] Instant bulk_deadline() const;
  [[nodiscard]] Instant bulk_deadline(const Endpoint& endpoint) const;
  [[nodiscard]] Instant interrupt_deadline(const Endpoint& endpoint) const;
  [[nodiscard]] Duration transaction_time(std::size_t bytes) const;

  Function& function_;
  BusClock clock_;
  StandardRequests state_;
  std::vector<EndpointInfo> endpoints_;
  std::array<Endpoint, 32> table_;  // endpoint number, + 16 for IN
  // Those of the selected alternate settings, in the order of the table.
  std::vector<Endpoint*> isochronous_;
  std::vector<Endpoint*> interrupt_;
  bool has_bulk_ = false;
  Instant isochronous_due_{};  // before this no packet is served; the past: look
  std::vector<BusUrb*> completed_;
  std::vector<std::byte> scratch_;
  Instant now_{};
  Instant bulk_free_{};  // when the bus has room for the next bulk transaction
  std::size_t bulk_turn_ = 0;
  BusCounters counters_;
};

}  // namespace usbgw::device::software

// Counters of one attachment on the agent's side: one list makes the enum, the names and the help
// texts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace usbgw::device {

#define USBGW_DEVICE_COUNTERS(X)                                                          \
  X(urbs_submitted, "URBs received from the host")                                        \
  X(urbs_answered, "URBs answered, whatever the status")                                  \
  X(urbs_cancelled, "cancellations received for a URB that was still pending")            \
  X(urbs_refused, "URBs answered at once because a field or a limit forbids them")        \
  X(commands, "blocking device commands run")                                             \
  X(in_intervals, "isochronous IN intervals that the device completed")                   \
  X(in_errors, "isochronous IN intervals with a damaged packet")                          \
  X(in_gaps, "times the bus ran on while no IN transfer was queued")                      \
  X(in_gap_intervals, "IN intervals inside such gaps")                                    \
  X(in_dropped, "source symbols dropped because the link to the session was full")        \
  X(out_intervals, "isochronous OUT intervals submitted to the bus")                      \
  X(out_errors, "isochronous OUT intervals that the bus did not transfer")                \
  X(out_lead_in, "OUT intervals submitted as silence before the stream's first data")     \
  X(out_missing, "OUT intervals submitted as silence for want of data")                   \
  X(out_late, "OUT intervals whose data came after their submission")                     \
  X(out_gaps, "times the bus ran on while no OUT transfer was queued")                    \
  X(out_gap_intervals, "OUT intervals inside such gaps")                                  \
  X(out_outside_window, "OUT intervals received too far ahead to be kept")                \
  X(out_malformed, "OUT source symbols that do not decode or do not fit the endpoint")    \
  X(polled_reports, "reports read from polled endpoints")                                 \
  X(polled_errors, "errors of polled endpoints")                                          \
  X(polled_pauses, "times polling paused: the host was behind, or the link was full")     \
  X(polled_flushed, "reports dropped by a flush (alternate setting, clear halt, close)")  \
  X(submit_retries, "stream transfers that the system refused and that were tried again") \
  X(foreign_items, "items for a stream or opening that is not open")

enum class DeviceCounter : std::uint8_t {
#define USBGW_X(name, help) name,
  USBGW_DEVICE_COUNTERS(USBGW_X)
#undef USBGW_X
      count_
};

// Written by the USB worker alone.
class DeviceCounters {
 public:
  void add(DeviceCounter counter, std::uint64_t amount = 1) {
    values_[static_cast<std::size_t>(counter)] += amount;
  }
  [[nodiscard]] std::uint64_t operator[](DeviceCounter counter) const {
    return values_[static_cast<std::size_t>(counter)];
  }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(DeviceCounter::count_)> values_{};
};

struct CounterText {
  std::string_view name;
  std::string_view help;
};
[[nodiscard]] CounterText describe(DeviceCounter counter);

}  // namespace usbgw::device

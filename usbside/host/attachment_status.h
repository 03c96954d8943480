// What `usbgw status` shows of one attachment. Plain numbers, copied out of the USB worker.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/histogram.h"
#include "common/timeline.h"
#include "common/usb.h"

namespace usbgw::host {

// Every interval that was due is exactly one of these; `late` counts arrivals after their due time
// besides.
struct IntervalAccount {
  std::uint64_t direct = 0;
  std::uint64_t repaired = 0;
  std::uint64_t retransmitted = 0;
  std::uint64_t concealed = 0;
  std::uint64_t device_gap = 0;
  std::uint64_t unlinked = 0;  // nobody asked for it: no URB was queued, or the URB was unlinked
  std::uint64_t lead_in = 0;   // answered with silence before the stream's first data
  std::uint64_t late = 0;
  [[nodiscard]] std::uint64_t total() const {
    return direct + repaired + retransmitted + concealed + device_gap + unlinked + lead_in;
  }
};

// A level's means over a second each: the first one since the stream opened, the newest, the
// extremes.
struct LevelStatus {
  Duration start{}, now{}, least{}, most{};
};

// Why D has its value.
enum class MarginReason : std::uint8_t {
  by_default,
  attachment,    // its `playout`
  exported,      // the export's `playout`
  path_jitter,   // measured when the stream began
  late_data,     // raised since
  playout_max,   // more was asked for
  buffer_count,  // more was asked for than the window holds
};

struct StreamStatus {
  EndpointAddress endpoint;
  bool open = false;
  Duration interval{};
  Duration base{};
  Duration playout{};  // D (IN) or D_out
  Duration margin{};   // D alone, each way
  MarginReason margin_reason = MarginReason::by_default;
  bool is_margin_fixed = false;
  Duration submit_ahead{};            // OUT: the agent's share of D_out
  Duration wake_ups{};                // OUT: both sides' share of D_out
  Duration start_slack{};             // OUT: beyond D_out, since XRUNs in quick succession
  std::int64_t window_intervals = 0;  // IN: that the window holds
  double clock_ppm = 0;               // the bus clock is faster than ours
  IntervalAccount account;
  std::uint64_t playout_raises = 0;
  std::uint64_t agent_late = 0;     // OUT intervals that the agent reported late
  std::uint64_t agent_missing = 0;  // OUT intervals that went out as silence
  // OUT: time by which data came before its submission; none in the first second.
  std::optional<LevelStatus> agent_fifo;
  // IN: device completion to the write into vhci. OUT: URB arrival to the agent's bus time
  // (computed). ns.
  std::int64_t latency_p50 = 0, latency_p99 = 0, latency_max = 0;
};

struct AttachmentStatus {
  std::uint64_t urbs_submitted = 0;
  std::uint64_t urbs_answered = 0;
  std::uint64_t urbs_unlinked = 0;
  std::uint64_t completions_refused = 0;  // the agent's answer did not match what was submitted
  std::vector<StreamStatus> streams;
};

}  // namespace usbgw::host

// How late this machine wakes a sleeper up.
#pragma once

#include "app/lateness.h"
#include "common/result.h"
#include "common/timeline.h"

namespace usbgw::app {

// Sleeps on a 1 ms grid for `length` in a thread of its own, under SCHED_FIFO with `priority` or,
// at 0, as usual. Open loop: a late wake-up does not move the grid. Errors: refused (no right to
// that scheduling).
[[nodiscard]] Result<Lateness> measure_wake_ups(Duration length, int priority);

// PR_GET_TIMERSLACK of this thread.
[[nodiscard]] Duration timer_slack();

}  // namespace usbgw::app

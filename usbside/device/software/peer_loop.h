// Runs a UsbipPeer on a socket in real time: one thread, CLOCK_MONOTONIC. Ends
// when the other end closes, on SIGTERM or SIGINT, or when its time is over.
#pragma once

#include <functional>

#include "common/histogram.h"
#include "common/result.h"
#include "usbside/device/software/usbip_peer.h"

namespace usbgw::device::software {

struct PeerLoopOptions {
  int socket = -1;  // non-blocking; stays the caller's
  Duration run_for = Duration::max();
  int fifo_priority = 0;  // SCHED_FIFO, where the process may; 0: none
  // Wake-ups are put off to multiples of this: fewer, and bursts instead. For emulated machines.
  Duration grid{};
};

struct PeerLoopStatistics {
  std::uint64_t wakeups = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  bool is_realtime = false;
  Histogram lateness;  // ns from a deadline to the wake-up for it
};

[[nodiscard]] Instant monotonic_now();

// `on_dump` runs on SIGUSR1. Blocks the signals it waits for in the calling thread.
[[nodiscard]] Result<void> run_peer(UsbipPeer& peer, const PeerLoopOptions& options,
                                    PeerLoopStatistics& statistics,
                                    const std::function<void()>& on_dump);

}  // namespace usbgw::device::software

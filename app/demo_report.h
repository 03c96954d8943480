// What the demo shows: a line while it runs, and afterwards a table of what was measured, a plot of
// it, and a summary.
#pragma once

#include <string>
#include <vector>

#include "common/histogram.h"
#include "common/result.h"
#include "config/document.h"
#include "control/admin_protocol.h"
#include "simulation/impairment.h"

namespace usbgw::app {

// One look at the running node.
struct DemoSample {
  double seconds = 0;
  double in_p50_ms = 0, in_p99_ms = 0, in_max_ms = 0;  // since the stream began
  double base_ms = 0, playout_ms = 0;
  std::uint64_t lost = 0;           // datagrams that the link dropped, both ways
  std::uint64_t repaired = 0;       // source symbols that came by their copy, at the host
  std::uint64_t concealed = 0;      // intervals, IN
  std::uint64_t agent_missing = 0;  // OUT intervals that the device got as silence
  std::uint64_t intervals = 0;      // IN
};

[[nodiscard]] DemoSample sample_of(const control::StatusReport& status, double seconds,
                                   std::uint64_t lost);
[[nodiscard]] std::string live_line(const DemoSample& sample);

// "RTT 8 ms, J = 4 ms, 0.7 % loss", or "no impairment": what the link does to datagrams.
[[nodiscard]] std::string link_text(const config::ImpairmentSection& link);

// "27 of 4000 datagrams lost, 3 corrupted; refused: 3 by their tag": what the link has done, and
// what the sessions of `status` have not taken.
[[nodiscard]] std::string counts_text(const simulation::ImpairmentCounts& counts,
                                      const control::StatusReport& status);

// What a person is told when the sound begins: with a model of the kernel's driver, and with the
// kernel's own.
[[nodiscard]] std::string model_text(const std::string& sound, double seconds,
                                     const config::Document& document);
[[nodiscard]] std::string kernel_text(const std::string& sound, double seconds,
                                      const config::Document& document);

// Which part of the way to the demo's one device is not there yet, and why; empty when the device
// is live.
[[nodiscard]] std::string what_is_missing(const control::StatusReport& status);

// An error when the device is plugged in and none of its interfaces is an audio one.
[[nodiscard]] Result<void> check_audio(const control::StatusReport& status,
                                       const std::string& device);

// Writes FOLDER/latency.csv, and FOLDER/latency.png when gnuplot is installed; gives the file to
// look at. `link` is told in the plot's title.
[[nodiscard]] Result<std::string> write_plot(const std::vector<DemoSample>& samples,
                                             const std::string& folder, const std::string& link);

}  // namespace usbgw::app

#include "app/virtual_run.h"

#include "app/layer_structs.h"
#include "simulation/counter_player.h"

namespace usbgw::app {
namespace {

using session::SessionCounter;

// A thread of a machine that has a core for it wakes so late, and looks at its port so often
// (workers.idle_sleep).
constexpr Duration kMostLate = std::chrono::microseconds(60);
constexpr std::uint32_t kRate = 48000;
constexpr std::uint64_t kIpAndUdp = 20 + 8;
constexpr Duration kStart = std::chrono::milliseconds(500);  // until both streams run, at most

void take_path(Carried& to, const session::SessionCounters& sender,
               const simulation::Impairment& path, const simulation::MemoryPort& port) {
  to.sources = sender[SessionCounter::sources_sent];
  to.repairs = sender[SessionCounter::repairs_sent] + sender[SessionCounter::resends];
  to.datagrams = path.offered();
  to.lost = path.lost();
  to.bytes = port.bytes_sent() + path.offered() * kIpAndUdp;
}

std::string fault_of(const VirtualRun& run, const simulation::AudioFigures& figures,
                     Duration length) {
  if (!figures.violations.empty()) return figures.violations.front();
  if (figures.urb_errors > 0) return "URB errors";
  if (run.concealed() > 0) return "concealed";
  if (run.in.samples.inside.total() + run.out.samples.inside.total() > 0) return "samples";
  if (run.xruns > 0) return "XRUNs";
  const double least = std::chrono::duration<double>(length - kStart).count() * kRate * 0.99;
  const auto fewest = std::min(run.in.samples.counted, run.out.samples.counted);
  if (static_cast<double>(fewest) < least) return "too few samples";
  return {};
}

}  // namespace

simulation::AudioCase audio_case_of(const config::Document& document,
                                    const VirtualRunOptions& options) {
  const config::AttachEntry& attach = document.attaches.front();
  simulation::AudioCase audio;
  audio.device = attach.device->software;
  audio.period = options.period;
  audio.network = profile_of(document.impairment);
  audio.machine = {simulation::WakeUpLateness::uniform(kMostLate), *document.workers.idle_sleep};
  audio.playout = playout_of(attach);
  for (const config::ExportEntry& entry : document.exports)
    if (entry.device->to_string() == attach.device->to_string()) audio.tuning = tuning_of(entry);
  if (options.is_repaired) {
    audio.repair = repair_of(document.repair);
  } else {
    audio.repair.copies = false;
  }
  return audio;
}

VirtualRun run_virtually(const simulation::AudioCase& audio, Duration length) {
  simulation::CounterPlayer program(kRate);
  simulation::AudioSystem rig(audio, program);
  const Instant start = rig.now();
  rig.run_for(length);
  const simulation::AudioFigures figures = rig.figures();
  simulation::WholeSystem& system = rig.system();
  VirtualRun run;
  run.seed = audio.seed;
  run.in.length = run.out.length = rig.now() - start;
  run.in.intervals = figures.in.account.total();
  run.out.intervals = figures.out.account.total();
  run.in.concealed = figures.in.misses;
  run.out.concealed = figures.out.misses;
  run.in.samples = program.recorded();
  run.out.samples = rig.function().audio().judge();
  run.in.latency_p50 = Duration{figures.in.added_p50};
  run.in.latency_max = Duration{figures.in.added_max};
  run.out.latency_p50 = Duration{figures.out.added_p50};
  run.out.latency_max = Duration{figures.out.added_max};
  for (const auto& peer : system.agent().peers())
    take_path(run.in, peer.counters, system.to_host(), system.agent_port());
  for (const auto& peer : system.host().peers())
    take_path(run.out, peer.counters, system.to_agent(), system.host_port());
  run.feedback_concealed = figures.feedback_concealed;
  run.playout = figures.in.playout;
  run.xruns = figures.xruns();
  run.fault = fault_of(run, figures, length);
  return run;
}

}  // namespace usbgw::app

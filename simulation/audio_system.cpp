#include "simulation/audio_system.h"

namespace usbgw::simulation {

device::software::DeviceOptions options_of(const AudioCase& audio) {
  device::software::DeviceOptions options;
  options.name = audio.device;
  options.bus_ppm = audio.bus_ppm;
  options.crystal_ppm = audio.crystal_ppm;
  return options;
}

PcmSettings pcm_of(const AudioCase& audio) {
  PcmSettings pcm;
  pcm.period_frames = audio.period;
  pcm.periods = audio.periods;
  pcm.is_linked = audio.is_linked;
  pcm.open_after = audio.open_after;
  return pcm;
}

namespace {

SystemConfig system_of(const AudioCase& audio) {
  SystemConfig config;
  config.seed = audio.seed;
  config.agent_machine = config.host_machine = audio.machine;
  config.to_host = config.to_agent = audio.network;
  if (audio.second_network) config.second_path = {*audio.second_network, *audio.second_network};
  config.control_delay = audio.network.delay;
  config.device = "software:" + audio.device;
  config.tuning = audio.tuning;
  config.playout = audio.playout;
  config.repair = audio.repair;
  return config;
}

void take_added(StreamFigures& stream, const Histogram& added) {
  stream.added_p50 = added.quantile(0.5);
  stream.added_p99 = added.quantile(0.99);
  stream.added_p999 = added.quantile(0.999);
  stream.added_max = added.max();
}

}  // namespace

AudioSystem::AudioSystem(const AudioCase& audio, AudioProgram& program)
    : options_(options_of(audio)),
      function_(options_, tap_),
      devices_(options_, function_),
      driver_(pcm_of(audio), program),
      tapped_driver_(driver_, tap_),
      system_(std::make_unique<WholeSystem>(system_of(audio), clock_, devices_, tapped_driver_)) {}

AudioSystem::~AudioSystem() = default;

AudioFigures AudioSystem::figures() {
  AudioFigures figures;
  if (const auto* status = system_->status()) {
    for (const auto& stream : status->streams) {
      if (stream.endpoint == device::software::kAudioFeedback) {
        figures.feedback_concealed = stream.account.concealed;
        continue;
      }
      StreamFigures& to = stream.endpoint.is_in() ? figures.in : figures.out;
      to.base = stream.base;
      to.playout = stream.playout;
      to.raises = stream.playout_raises;
      to.clock_ppm = stream.clock_ppm;
      to.account = stream.account;
      to.lead_in = stream.account.lead_in;
      to.misses = stream.endpoint.is_in() ? stream.account.concealed : stream.agent_missing;
      if (!stream.endpoint.is_in()) figures.submit_ahead = stream.submit_ahead;
    }
  }
  take_added(figures.in, tap_.in_added());
  take_added(figures.out, tap_.out_added());
  figures.playback_xruns = driver_.playback_xruns();
  figures.capture_xruns = driver_.capture_xruns();
  figures.urb_errors = driver_.urb_errors();
  figures.breaks_in = tap_.recorded().breaks();
  figures.breaks_out = tap_.heard().breaks();
  figures.frames_in = tap_.recorded().frames();
  figures.frames_out = tap_.heard().frames();
  figures.longest_wait = system_->vhci().longest_isochronous_wait();
  figures.violations = system_->vhci().violations();
  return figures;
}

}  // namespace usbgw::simulation

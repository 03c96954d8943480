#include "app/layer_structs.h"

namespace usbgw::app {

host::PlayoutConfig playout_of(const config::AttachEntry& entry) {
  host::PlayoutConfig playout;
  playout.mode = *entry.mode == config::PlayoutMode::fixed ? host::PlayoutMode::fixed
                                                           : host::PlayoutMode::adaptive;
  playout.playout = *entry.playout;
  playout.playout_max = *entry.playout_max;
  playout.buffer_count = *entry.buffer_count;
  playout.packet_bytes = *entry.packet_bytes;
  if (entry.playout.is_written()) playout.origin = host::PlayoutOrigin::attachment;
  return playout;
}

node::RepairConfig repair_of(const config::RepairSection& repair) {
  node::RepairConfig config{*repair.scheme == config::RepairScheme::copy, *repair.delay, {}};
  session::RepairOptions options;
  options.data = *repair.data;
  options.repair = *repair.repair;
  options.spread = *repair.spread;
  options.resends = *repair.requests;
  switch (*repair.scheme) {
    case config::RepairScheme::none:
    case config::RepairScheme::copy:
      if (!options.resends) return config;
      break;
    case config::RepairScheme::rs:
      options.scheme = session::RepairScheme::block;
      break;
    case config::RepairScheme::window:
      options.scheme = session::RepairScheme::window;
      break;
    case config::RepairScheme::automatic:
      options.scheme = session::RepairScheme::automatic;
      options.resends = true;
      options.share = *repair.share;
      break;
  }
  config.options = options;
  return config;
}

device::StreamTuning tuning_of(const config::ExportEntry& entry) {
  return {*entry.streams.transfer, *entry.streams.in_ring, *entry.streams.out_ahead,
          *entry.buffer_count};
}

simulation::ImpairmentProfile profile_of(const config::ImpairmentSection& section) {
  simulation::ImpairmentProfile profile;
  profile.delay = *section.delay;
  profile.jitter = *section.jitter;
  profile.loss = *section.loss;
  profile.outage_loss = *section.outage_loss;
  profile.outage_mean = *section.outage;
  profile.gilbert = {*section.gilbert_p, *section.gilbert_r, *section.gilbert_good,
                     *section.gilbert_bad};
  profile.reorder = *section.reorder;
  profile.reorder_by = *section.reorder_by;
  profile.duplicate = *section.duplicate;
  profile.corrupt = *section.corrupt;
  profile.flap_down = *section.flap;
  profile.flap_every = *section.flap_every;
  return profile;
}

}  // namespace usbgw::app

#include "simulation/audio_driver_model.h"

#include <algorithm>

#include "simulation/audio_endpoints.h"

namespace usbgw::simulation {
namespace {

constexpr std::uint8_t kSetInterface = 11;

}  // namespace

void AudioDriverModel::open(const wire::Configuration& configuration, Direction direction) {
  const auto found = find_audio(configuration, direction);
  if (!found) {
    ++unsupported_;
    return;
  }
  alternates_[found->interface] = found->alternate;
  if (direction == Direction::in) {
    capture_.emplace(*device_, pcm_, found->data, program_);
    return;
  }
  playback_.emplace(*device_, pcm_, found->data, program_);
  if (!playback_->is_implicit()) return;
  const auto source = find_implicit_source(configuration, *found);
  alternates_[source->interface] = source->alternate;
  if (!capture_) capture_.emplace(*device_, pcm_, source->data, program_);
}

void AudioDriverModel::configured(DeviceModel& device, const wire::Configuration& configuration,
                                  Instant now) {
  device_ = &device;
  configuration_ = configuration;
  is_stopping_ = false;
  if (pcm_.capture) open(configuration, Direction::in);
  if (pcm_.playback) open(configuration, Direction::out);
  if (pcm_.open_after > Duration{}) {
    open_at_ = now + pcm_.open_after;
  } else {
    select_alternates(true, now);
  }
}

void AudioDriverModel::select_alternates(bool is_open, Instant now) {
  for (const auto& [interface, alternate] : alternates_) {
    ModelUrb urb;
    urb.endpoint = EndpointAddress(0, Direction::out);
    const std::uint8_t chosen = is_open ? alternate : std::uint8_t{0};
    urb.setup = {0x01, kSetInterface, chosen, interface, 0};
    ++requests_;
    device_->submit(std::move(urb), now);
  }
}

void AudioDriverModel::start(Instant now) {
  is_running_ = true;
  if (pcm_.is_stepped) return;
  if (pcm_.is_linked) return start_linked(now);
  if (pcm_.capture) start_capture(now);
  prepare_playback(now);
  programs_due_ = now;
}

void AudioDriverModel::start_capture(Instant now) {
  if (!capture_) return;
  capture_->prepare();
  capture_->start_endpoint(now);
  capture_->start_recording();
}

// snd_pcm_start() of linked streams: one moment for both.
void AudioDriverModel::start_linked(Instant now) {
  if (!playback_ || !capture_) return;
  is_linked_stopped_ = is_linked_writing_ = false;
  playback_->abandon_call();
  capture_->abandon_call();
  prepare_playback(now);
  for (std::uint32_t period = 0; period < pcm_.periods; ++period)
    static_cast<void>(write_some(now));
  start_capture(now);
}

void AudioDriverModel::prepare_playback(Instant now) {
  if (!playback_) return;
  playback_->prepare();
  if (playback_->is_implicit()) capture_->start_endpoint(now);
}

std::uint32_t AudioDriverModel::write_some(Instant now) {
  return playback_ ? playback_->write_some(now) : 0;
}

std::uint32_t AudioDriverModel::read_some(Instant now) {
  return capture_ ? capture_->read_some(now) : 0;
}

void AudioDriverModel::completed(DeviceModel&, ModelUrb&& urb, Instant now) {
  if (urb.endpoint.number() == 0) {
    if (urb.status != UrbStatus::ok) ++urb_errors_;
    if (requests_ > 0) --requests_;
    if (requests_ == 0 && !is_running_ && !is_stopping_) start(now);
    return;
  }
  if (!urb.unlinked && is_running_ && urb.status != UrbStatus::ok) ++urb_errors_;
  handle(urb, now);
  stop_unused_capture();
  wake_programs(now);
}

void AudioDriverModel::handle(const ModelUrb& urb, Instant now) {
  if (playback_ && playback_->completed(urb, now)) return;
  if (!capture_ || !capture_->owns(urb) || !capture_->take(urb)) return;
  if (playback_) playback_->capture_completed(urb, capture_->frame_bytes(), now);
  capture_->record(urb);
  stop_unused_capture();
  capture_->resubmit(now);
}

// The capture endpoint runs as long as a recording or implicit feedback needs it.
void AudioDriverModel::stop_unused_capture() {
  if (!capture_ || !capture_->is_endpoint_running() || capture_->is_recording()) return;
  if (playback_ && playback_->is_implicit() && playback_->is_endpoint_running()) return;
  capture_->stop_endpoint();
}

// After an XRUN a stream is prepared again when all its URBs are back.
bool AudioDriverModel::is_ready_to_prepare(Direction direction) const {
  if (direction == Direction::out && !playback_->is_idle()) return false;
  if (direction == Direction::out && !playback_->is_implicit()) return true;
  return capture_->is_endpoint_running() || capture_->is_idle();
}

bool AudioDriverModel::is_ready_to_start_over() const {
  if (pcm_.is_linked) return is_linked_stopped_ && playback_->is_idle() && capture_->is_idle();
  const auto is_ready = [&](const auto& stream, Direction direction) {
    return stream && stream->is_stopped_by_xrun() && is_ready_to_prepare(direction);
  };
  return is_ready(playback_, Direction::out) || is_ready(capture_, Direction::in);
}

void AudioDriverModel::wake_programs(Instant now) {
  bool is_due = false;
  if (playback_) is_due |= playback_->take_wake_up();
  if (capture_) is_due |= capture_->take_wake_up();
  is_due |= is_ready_to_start_over();
  if (is_due) programs_due_ = std::min(programs_due_, now + pcm_.wake_latency);
}

std::size_t AudioDriverModel::turn(DeviceModel&, Instant now) {
  if (now >= open_at_) {
    open_at_ = kNever;
    select_alternates(true, now);
    return 1;
  }
  if (!is_running_ || pcm_.is_stepped || now < programs_due_) return 0;
  programs_due_ = kNever;
  const std::size_t work = pcm_.is_linked ? run_linked(now) : run_recorder(now) + run_player(now);
  stop_unused_capture();
  wake_programs(now);
  return work;
}

std::size_t AudioDriverModel::run_linked(Instant now) {
  if (!playback_ || !capture_) return 0;
  std::size_t copies = 0;
  while (!is_linked_stopped_) {
    if (is_linked_writing_) {
      if (write_some(now) == 0) break;
      is_linked_writing_ = playback_->is_in_call();
    } else {
      if (read_some(now) == 0) break;
      is_linked_writing_ = !capture_->is_in_call();
    }
    ++copies;
  }
  const bool has_xrun = playback_->is_stopped_by_xrun() || capture_->is_stopped_by_xrun();
  if (has_xrun && !is_linked_stopped_) {
    is_linked_stopped_ = true;
    playback_->stop();
    capture_->stop_recording();
    stop_unused_capture();
  }
  if (is_ready_to_start_over()) start_linked(now);
  return copies;
}

std::size_t AudioDriverModel::run_recorder(Instant now) {
  if (!pcm_.capture || !capture_) return 0;
  if (capture_->is_stopped_by_xrun()) {
    if (!is_ready_to_prepare(Direction::in)) return 0;
    start_capture(now);
  }
  std::size_t copies = 0;
  while (read_some(now) > 0) ++copies;
  return copies;
}

std::size_t AudioDriverModel::run_player(Instant now) {
  if (!playback_) return 0;
  if (playback_->is_stopped_by_xrun()) {
    if (!is_ready_to_prepare(Direction::out)) return 0;
    prepare_playback(now);
  }
  std::size_t copies = 0;
  while (write_some(now) > 0) ++copies;
  return copies;
}

AudioDriverModel::Totals AudioDriverModel::totals() const {
  Totals sum = before_;
  sum.urb_errors += urb_errors_;
  if (playback_) {
    sum.played += playback_->frames_played();
    sum.playback_xruns += playback_->xruns();
  }
  if (capture_) {
    sum.recorded += capture_->frames_recorded();
    sum.capture_xruns += capture_->xruns();
    sum.urb_errors += capture_->packet_errors();
  }
  return sum;
}

std::uint64_t AudioDriverModel::playback_xruns() const {
  return totals().playback_xruns;
}
std::uint64_t AudioDriverModel::capture_xruns() const {
  return totals().capture_xruns;
}
std::uint64_t AudioDriverModel::urb_errors() const {
  return totals().urb_errors;
}
std::uint64_t AudioDriverModel::frames_played() const {
  return totals().played;
}
std::uint64_t AudioDriverModel::frames_recorded() const {
  return totals().recorded;
}

void AudioDriverModel::disconnected(Instant) {
  before_ = totals();
  urb_errors_ = 0;
  is_running_ = is_linked_stopped_ = false;
  open_at_ = programs_due_ = kNever;
  device_ = nullptr;
  playback_.reset();
  capture_.reset();
  alternates_.clear();
  requests_ = 0;
}

void AudioDriverModel::reopen(const PcmSettings& pcm, Instant now) {
  if (device_ == nullptr) return;
  const Totals before = totals();
  playback_.reset();
  capture_.reset();
  alternates_.clear();
  before_ = before;
  urb_errors_ = 0;
  pcm_ = pcm;
  configured(*device_, wire::Configuration(configuration_), now);
}

void AudioDriverModel::stop(DeviceModel& device, Instant now) {
  is_running_ = false;
  is_stopping_ = true;
  open_at_ = programs_due_ = kNever;
  if (playback_) playback_->stop();
  if (capture_) capture_->stop_recording();
  stop_unused_capture();
  device.unlink_all();
  select_alternates(false, now);
}

}  // namespace usbgw::simulation

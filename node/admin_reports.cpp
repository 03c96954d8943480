#include "node/admin_reports.h"

namespace usbgw::node {
namespace {

std::map<std::string, std::uint64_t> by_name(const session::SessionCounters& counters) {
  std::map<std::string, std::uint64_t> named;
  for (std::size_t i = 0; i < static_cast<std::size_t>(session::SessionCounter::count_); ++i) {
    const auto counter = static_cast<session::SessionCounter>(i);
    named.emplace(session::describe(counter).name, counters[counter]);
  }
  return named;
}

std::string_view to_string(PeerSession::State state) {
  switch (state) {
    case PeerSession::State::connecting:
      return "connecting";
    case PeerSession::State::greeting:
      return "greeting";
    case PeerSession::State::open:
      return "open";
    case PeerSession::State::closed:
      return "closed";
  }
  return "unknown";
}

void add_path(control::PeerReport& out, const PathEstimate& path, std::size_t payload) {
  if (path.valid) {
    out.round_trip_min_ns = path.round_trip_min.count();
    out.jitter_ns = path.jitter.count();
  }
  if (payload > 0) out.path_payload = payload;
}

void add_paths(control::PeerReport& out, const std::vector<session::PathStatus>& paths) {
  for (const session::PathStatus& path : paths) {
    control::PathReport& to = out.paths.emplace_back();
    to.is_answering = path.is_answering;
    if (path.estimate.valid) {
      to.round_trip_min_ns = path.estimate.round_trip_min.count();
      to.jitter_ns = path.estimate.jitter.count();
    }
    to.payload = path.payload;
    to.first = path.first;
    to.compared = path.compared;
    to.lost = path.lost;
  }
}

std::string_view to_string(host::MarginReason reason) {
  using host::MarginReason;
  switch (reason) {
    case MarginReason::by_default:
      return "the default";
    case MarginReason::attachment:
      return "playout of the attachment";
    case MarginReason::exported:
      return "playout of the export";
    case MarginReason::path_jitter:
      return "the path's jitter when the stream began";
    case MarginReason::late_data:
      return "raised for data that came late";
    case MarginReason::playout_max:
      return "playout_max; more was asked for";
    case MarginReason::buffer_count:
      return "buffer_count; more was asked for";
  }
  return "unknown";
}

void add_terms(control::StreamReport& out, const host::StreamStatus& stream) {
  out.margin_ns = stream.margin.count();
  out.margin_mode = stream.is_margin_fixed ? "fixed" : "adaptive";
  out.margin_reason = to_string(stream.margin_reason);
  out.wake_ups_ns = stream.wake_ups.count();
  out.latency_terms = {{"base", stream.base.count()}, {"D", stream.margin.count()}};
  if (!stream.endpoint.is_in()) {
    out.latency_terms.push_back({"wake-ups", stream.wake_ups.count()});
    out.latency_terms.push_back({"submitted ahead", stream.submit_ahead.count()});
    if (stream.start_slack > Duration::zero())
      out.latency_terms.push_back({"slack", stream.start_slack.count()});
  }
  for (const control::LatencyTerm& term : out.latency_terms) out.latency_planned_ns += term.ns;
}

control::StreamReport report(const host::StreamStatus& stream) {
  control::StreamReport out;
  out.endpoint = stream.endpoint.value();
  out.direction = stream.endpoint.is_in() ? "in" : "out";
  out.open = stream.open;
  out.interval_ns = stream.interval.count();
  out.base_ns = stream.base.count();
  out.playout_ns = stream.playout.count();
  out.submit_ahead_ns = stream.submit_ahead.count();
  add_terms(out, stream);
  out.window_intervals = stream.window_intervals;
  out.clock_ppm = stream.clock_ppm;
  const host::IntervalAccount& account = stream.account;
  out.intervals = {account.direct,     account.repaired, account.retransmitted, account.concealed,
                   account.device_gap, account.unlinked, account.lead_in,       account.late};
  out.playout_raises = stream.playout_raises;
  out.agent_late = stream.agent_late;
  out.agent_missing = stream.agent_missing;
  if (const auto& fifo = stream.agent_fifo) {
    out.agent_fifo = control::LevelReport{fifo->start.count(), fifo->now.count(),
                                          fifo->least.count(), fifo->most.count()};
  }
  if (stream.latency_max > 0) {  // else no interval has been played
    out.latency_p50_ns = stream.latency_p50;
    out.latency_p99_ns = stream.latency_p99;
    out.latency_max_ns = stream.latency_max;
  }
  return out;
}

}  // namespace

control::DeviceReport report(const std::string& peer, const wire::ExportInfo& info) {
  control::DeviceReport out;
  out.peer = peer;
  out.device = info.id;
  out.manufacturer = info.manufacturer;
  out.product = info.product;
  out.serial = info.serial;
  if (info.present) out.speed = to_string(info.speed);
  out.state = !info.present ? "absent" : info.holder.empty() ? "free" : "in use";
  out.holder = info.holder;
  out.lease_age_s = info.held_seconds;
  out.policy = info.policy;
  out.interface_classes.assign(info.interface_classes.begin(), info.interface_classes.end());
  return out;
}

control::AttachmentReport report(const AttachmentView& view) {
  control::AttachmentReport out;
  out.peer = view.peer;
  out.device = view.device;
  out.product = view.product;
  if (view.is_granted) out.speed = to_string(view.speed);
  out.state = to_string(view.phase);
  out.error = view.error;
  if (view.port) out.vhci_port = view.port->value();
  if (view.status != nullptr) {
    out.urbs_submitted = view.status->urbs_submitted;
    out.urbs_answered = view.status->urbs_answered;
    out.urbs_unlinked = view.status->urbs_unlinked;
    out.completions_refused = view.status->completions_refused;
    for (const auto& stream : view.status->streams) out.streams.push_back(report(stream));
  }
  return out;
}

control::PeerReport report(const PeerView& view) {
  control::PeerReport out;
  out.name = view.name;
  out.role = "agent";
  out.state = to_string(view.state);
  out.error = view.error;
  // What a connection that has ended has measured says nothing about the next.
  if (view.state == PeerSession::State::open) {
    add_path(out, view.path, view.path_payload);
    add_paths(out, view.paths);
  }
  out.counters = by_name(view.counters);
  return out;
}

control::PeerReport report(const AgentControl::PeerReport& peer) {
  control::PeerReport out;
  out.name = peer.name;
  out.role = "host";
  out.state = "open";
  add_path(out, peer.path, peer.path_payload);
  add_paths(out, peer.paths);
  out.counters = by_name(peer.counters);
  return out;
}

}  // namespace usbgw::node

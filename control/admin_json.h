// JSON forms of the admin reports. Only control/admin_protocol.cpp includes it. A field that is
// missing takes its default, so that an older program can talk to a newer one.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "control/admin_protocol.h"

namespace nlohmann {
template <class T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& to, const std::optional<T>& from) {
    to = from ? json(*from) : json(nullptr);
  }
  static void from_json(const json& from, std::optional<T>& to) {
    to = from.is_null() ? std::optional<T>{} : std::optional<T>(from.get<T>());
  }
};
}  // namespace nlohmann

namespace usbgw::control {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ListRequest, peer)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AttachRequest, device, peer, vhci_port, wait_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DetachRequest, device, peer)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DeviceReport, peer, device, manufacturer, product,
                                                serial, speed, state, holder, lease_age_s, policy,
                                                interface_classes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ListReport, devices, notes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AttachReport, peer, device, product, vhci_port)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DetachReport, peer, device)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(IntervalReport, direct, repaired, retransmitted,
                                                concealed, device_gap, unlinked, lead_in, late)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LevelReport, start_ns, now_ns, least_ns, most_ns)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LatencyTerm, name, ns)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StreamReport, endpoint, direction, open,
                                                interval_ns, base_ns, playout_ns, submit_ahead_ns,
                                                margin_ns, margin_mode, margin_reason, wake_ups_ns,
                                                latency_terms, latency_planned_ns, window_intervals,
                                                clock_ppm, intervals, playout_raises, agent_late,
                                                agent_missing, agent_fifo, latency_p50_ns,
                                                latency_p99_ns, latency_max_ns)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AttachmentReport, peer, device, product, speed,
                                                state, error, vhci_port, urbs_submitted,
                                                urbs_answered, urbs_unlinked, completions_refused,
                                                streams)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PathReport, is_answering, round_trip_min_ns,
                                                jitter_ns, payload, first, compared, lost)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PeerReport, name, role, state, error,
                                                round_trip_min_ns, jitter_ns, path_payload, paths,
                                                counters)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StatusReport, node, version, roles, port, uptime_s,
                                                attachments, exports, peers, port_counters,
                                                audit_failures)

inline void to_json(nlohmann::json& to, const StatusRequest&) {
  to = nlohmann::json::object();
}
inline void from_json(const nlohmann::json&, StatusRequest&) {}

}  // namespace usbgw::control

// What `usbgw list | attach | detach | status` and a running usbgw tell each other over the local
// admin socket: one line of JSON for a request, one for its answer. Plain structs; the JSON library
// stays in the .cpp. The answers are also what the commands print with --json, so field names are
// an interface: they are only added. A measurement that is not known yet is null.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace usbgw::control {

struct ListRequest {
  std::string peer;  // empty: our own exports and those of every peer
};
struct AttachRequest {
  std::string device;
  std::string peer;  // empty: the only peer that offers it
  std::optional<std::uint32_t> vhci_port;
  std::uint32_t wait_s = 0;  // for a peer that is not connected; 0: `disconnected` at once
};
struct DetachRequest {
  std::string device;
  std::string peer;
};
struct StatusRequest {};

using AdminRequest = std::variant<ListRequest, AttachRequest, DetachRequest, StatusRequest>;

struct DeviceReport {
  std::string peer;    // the agent's name
  std::string device;  // "1209:a101:0001"
  std::string manufacturer;
  std::string product;
  std::string serial;
  std::optional<std::string> speed;  // "full", "high", ...; null: not plugged in
  std::string state;                 // "free", "in use", "absent"
  std::string holder;                // node that holds it; empty when free
  std::uint64_t lease_age_s = 0;
  std::string policy;
  std::vector<std::uint32_t> interface_classes;
};

struct ListReport {
  std::vector<DeviceReport> devices;
  std::vector<std::string> notes;  // for people: "stage-box: not connected (...)"
};

struct AttachReport {
  std::string peer;
  std::string device;
  std::string product;
  std::optional<std::uint32_t> vhci_port;
};

struct DetachReport {
  std::string peer;
  std::string device;
};

// Intervals by what became of them; all but `late` add up.
struct IntervalReport {
  std::uint64_t direct = 0, repaired = 0, retransmitted = 0, concealed = 0;
  std::uint64_t device_gap = 0, unlinked = 0, lead_in = 0, late = 0;
};

// Means over a second each: the first one since the stream opened, the newest, the extremes.
struct LevelReport {
  std::int64_t start_ns = 0, now_ns = 0, least_ns = 0, most_ns = 0;
};

// One part of a stream's planned latency.
struct LatencyTerm {
  std::string name;  // "base", "D", "wake-ups", "submitted ahead"
  std::int64_t ns = 0;
};

struct StreamReport {
  std::uint32_t endpoint = 0;  // bEndpointAddress
  std::string direction;       // "in", "out"
  bool open = false;
  std::int64_t interval_ns = 0;
  std::int64_t base_ns = 0;
  std::int64_t playout_ns = 0;       // D (in) or D_out
  std::int64_t submit_ahead_ns = 0;  // out: the agent's share of D_out
  std::int64_t margin_ns = 0;        // D alone
  std::string margin_mode;           // "adaptive", "fixed"
  std::string margin_reason;         // why D has that value
  std::int64_t wake_ups_ns = 0;      // out: both sides' share of D_out
  // What the latency is made of: in from the device's interval to the driver, out from the driver's
  // turn to the device's interval. Their sum; what is measured is in latency_*.
  std::vector<LatencyTerm> latency_terms;
  std::int64_t latency_planned_ns = 0;
  std::int64_t window_intervals = 0;  // in: that the host holds
  double clock_ppm = 0;
  IntervalReport intervals;
  std::uint64_t playout_raises = 0;
  std::uint64_t agent_late = 0, agent_missing = 0;
  // out: time by which data came before the agent submitted it; null: not known yet
  std::optional<LevelReport> agent_fifo;
  std::optional<std::int64_t> latency_p50_ns, latency_p99_ns, latency_max_ns;
};

struct AttachmentReport {
  std::string peer;
  std::string device;
  std::string product;
  std::optional<std::string> speed;  // null: not granted yet
  std::string state;                 // "live", "waiting", ...
  std::string error;                 // why it is not live
  std::optional<std::uint32_t> vhci_port;
  std::uint64_t urbs_submitted = 0, urbs_answered = 0, urbs_unlinked = 0, completions_refused = 0;
  std::vector<StreamReport> streams;
};

// One of two paths to a peer.
struct PathReport {
  bool is_answering = false;
  std::optional<std::int64_t> round_trip_min_ns;
  std::optional<std::int64_t> jitter_ns;
  std::uint64_t payload = 0;
  std::uint64_t first = 0;     // datagrams that came here before they came on the other path
  std::uint64_t compared = 0;  // that came on the other path,
  std::uint64_t lost = 0;      // and of them, that never came here
};

struct PeerReport {
  std::string name;
  std::string role;   // what the peer is to us: "agent", "host"
  std::string state;  // "open", "connecting", ...
  std::string error;  // why the last connection ended
  std::optional<std::int64_t> round_trip_min_ns;
  std::optional<std::int64_t> jitter_ns;
  std::optional<std::uint64_t> path_payload;      // largest UDP payload that arrives
  std::vector<PathReport> paths;                  // the first and the second; empty: there is one
  std::map<std::string, std::uint64_t> counters;  // of the datagram session, by name
};

struct StatusReport {
  std::string node;
  std::string version;
  std::vector<std::string> roles;
  std::string port;
  std::uint64_t uptime_s = 0;
  std::vector<AttachmentReport> attachments;  // host role
  std::vector<DeviceReport> exports;          // agent role
  std::vector<PeerReport> peers;
  std::map<std::string, std::uint64_t> port_counters;
  std::uint64_t audit_failures = 0;  // lines that the audit log has not taken
};

using AdminReport = std::variant<ListReport, AttachReport, DetachReport, StatusReport>;

// Longest request line, and longest answer that a client accepts.
inline constexpr std::size_t kMaxAdminRequest = 4096;
inline constexpr std::size_t kMaxAdminReply = std::size_t{16} << 20;

// Lines without their end.
[[nodiscard]] std::string encode(const AdminRequest& request);
[[nodiscard]] Result<AdminRequest> decode_request(std::string_view line);
[[nodiscard]] std::string encode(const AdminReport& report);
[[nodiscard]] std::string encode(const Error& error);
// The error that the other side answered with, or `protocol` for what is no answer.
[[nodiscard]] Result<AdminReport> decode_reply(std::string_view line);

// The report alone, indented: what --json prints.
[[nodiscard]] std::string to_json_text(const AdminReport& report);

}  // namespace usbgw::control

#include "app/report_text.h"

#include <array>
#include <cstdio>

#include "app/text_table.h"

namespace usbgw::app {
namespace {

using control::AttachmentReport;
using control::DeviceReport;
using control::PeerReport;
using control::StreamReport;

std::string fixed(double number, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

// An empty cell, which the table shows as "-", while it is not known.
std::string milliseconds_cell(std::optional<std::int64_t> nanoseconds) {
  return nanoseconds ? milliseconds_text(*nanoseconds) : "";
}

std::string device_table(const std::vector<DeviceReport>& devices) {
  TextTable table({"PEER", "DEVICE", "PRODUCT", "SPEED", "STATE", "HOLDER", "LEASE AGE"});
  for (const DeviceReport& device : devices) {
    table.add({device.peer, device.device, device.product, device.speed.value_or(""), device.state,
               device.holder, device.holder.empty() ? "" : age_text(device.lease_age_s)});
  }
  return table.text();
}

std::string stream_name(const StreamReport& stream) {
  return stream.direction + " " + std::to_string(stream.endpoint & 0x0FU) +
         (stream.open ? "" : " (closed)");
}

// "in 2: 2.25 ms = 0.25 ms base + 2.00 ms D; D (fixed): playout of the attachment"
std::string latency_text(const StreamReport& stream) {
  if (stream.latency_terms.empty()) return {};  // of an older node
  std::string terms;
  for (const control::LatencyTerm& term : stream.latency_terms) {
    terms += (terms.empty() ? "" : " + ") + milliseconds_text(term.ns) + " " + term.name;
  }
  return "  " + stream_name(stream) + ": " + milliseconds_text(stream.latency_planned_ns) + " = " +
         terms + "; D (" + stream.margin_mode + "): " + stream.margin_reason + "\n";
}

std::string stream_tables(const AttachmentReport& attachment) {
  TextTable times(
      {"STREAM", "BASE", "D", "LATENCY P50", "P99", "MAX", "CLOCK PPM", "RAISES", "AGENT FIFO"});
  TextTable counts({"INTERVALS", "DIRECT", "REPAIRED", "RESENT", "CONCEALED", "DEVICE GAP",
                    "UNLINKED", "LEAD-IN", "LATE", "AGENT LATE", "AGENT MISSING"});
  std::string latencies;
  for (const StreamReport& stream : attachment.streams) {
    latencies += latency_text(stream);
    const auto& was = stream.intervals;
    const auto number = [](std::uint64_t count) { return std::to_string(count); };
    times.add({stream_name(stream), milliseconds_text(stream.base_ns),
               milliseconds_text(stream.playout_ns), milliseconds_cell(stream.latency_p50_ns),
               milliseconds_cell(stream.latency_p99_ns), milliseconds_cell(stream.latency_max_ns),
               fixed(stream.clock_ppm, 1), number(stream.playout_raises),
               stream.agent_fifo ? milliseconds_text(stream.agent_fifo->now_ns) : ""});
    counts.add({stream_name(stream), number(was.direct), number(was.repaired),
                number(was.retransmitted), number(was.concealed), number(was.device_gap),
                number(was.unlinked), number(was.lead_in), number(was.late),
                number(stream.agent_late), number(stream.agent_missing)});
  }
  return times.empty() ? "" : times.text("  ") + latencies + counts.text("  ");
}

std::string attachment_text(const AttachmentReport& attachment) {
  std::string text = "\n" + attachment.device + " of " + attachment.peer;
  if (!attachment.product.empty()) text += " (" + attachment.product + ")";
  text += ": " + attachment.state;
  if (attachment.speed) text += ", " + *attachment.speed + " speed";
  if (attachment.vhci_port) text += ", vhci port " + std::to_string(*attachment.vhci_port);
  if (!attachment.error.empty()) text += ": " + attachment.error;
  text += "\n  URBs: " + std::to_string(attachment.urbs_submitted) + " submitted, " +
          std::to_string(attachment.urbs_answered) + " answered, " +
          std::to_string(attachment.urbs_unlinked) + " unlinked";
  if (attachment.completions_refused != 0) {
    text += ", " + std::to_string(attachment.completions_refused) + " answers refused";
  }
  return text + "\n" + stream_tables(attachment);
}

std::string count_of(const PeerReport& peer, const char* name) {
  const auto found = peer.counters.find(name);
  return found == peer.counters.end() ? "" : std::to_string(found->second);
}

std::string peer_table(const std::vector<PeerReport>& peers) {
  TextTable table({"PEER", "ROLE", "STATE", "RTT MIN", "JITTER", "PAYLOAD", "SENT", "RECEIVED",
                   "LOST", "REPAIRED", "RESENT"});
  std::string errors;
  for (const PeerReport& peer : peers) {
    table.add({peer.name, peer.role, peer.state, milliseconds_cell(peer.round_trip_min_ns),
               milliseconds_cell(peer.jitter_ns),
               peer.path_payload ? std::to_string(*peer.path_payload) : "",
               count_of(peer, "sources_sent"), count_of(peer, "sources_received"),
               count_of(peer, "sources_lost"), count_of(peer, "sources_repaired"),
               count_of(peer, "sources_retransmitted")});
    if (!peer.error.empty()) errors += peer.name + ": " + peer.error + "\n";
  }
  return table.text() + errors;
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "";
  return fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 3) + " %";
}

// Of peers with two paths. FIRST: of all datagrams sent on both, the share that this path brought
// first; LOST: of those that the other path brought, the share that never came here.
std::string path_table(const std::vector<PeerReport>& peers) {
  TextTable table({"PEER", "PATH", "STATE", "RTT MIN", "JITTER", "PAYLOAD", "FIRST", "LOST"});
  for (const PeerReport& peer : peers) {
    std::uint64_t all = 0;
    for (const control::PathReport& path : peer.paths) all += path.first;
    for (std::size_t i = 0; i < peer.paths.size(); ++i) {
      const control::PathReport& path = peer.paths[i];
      table.add({peer.name, i == 0 ? "first" : "second", path.is_answering ? "answers" : "silent",
                 milliseconds_cell(path.round_trip_min_ns), milliseconds_cell(path.jitter_ns),
                 std::to_string(path.payload), share_text(path.first, all),
                 share_text(path.lost, path.compared)});
    }
  }
  return table.empty() ? "" : "\n" + table.text();
}

// Only what has happened: most drop reasons never do.
std::string port_text(const std::map<std::string, std::uint64_t>& counters) {
  TextTable table({"PORT", "COUNT"});
  for (const auto& [name, count] : counters)
    if (count != 0) table.add({name, std::to_string(count)});
  return table.empty() ? "" : "\n" + table.text();
}

}  // namespace

std::string age_text(std::uint64_t seconds) {
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string milliseconds_text(std::int64_t nanoseconds) {
  return fixed(static_cast<double>(nanoseconds) / 1e6, 2) + " ms";
}

std::string list_text(const control::ListReport& report) {
  std::string text = report.devices.empty() ? "no devices\n" : device_table(report.devices);
  for (const std::string& note : report.notes) text += note + "\n";
  return text;
}

std::string attach_text(const control::AttachReport& report) {
  std::string text = "attached " + report.device + " of " + report.peer;
  if (!report.product.empty()) text += " (" + report.product + ")";
  if (report.vhci_port) text += " at vhci port " + std::to_string(*report.vhci_port);
  return text + "\n";
}

std::string detach_text(const control::DetachReport& report) {
  return "detached " + report.device + " of " + report.peer + "\n";
}

std::string status_text(const control::StatusReport& report) {
  std::string roles;
  for (const std::string& role : report.roles) roles += (roles.empty() ? "" : " and ") + role;
  std::string text = report.node + ": " + roles + " on " + report.port + ", up " +
                     age_text(report.uptime_s) + ", usbgw " + report.version + "\n";
  for (const AttachmentReport& attachment : report.attachments) text += attachment_text(attachment);
  if (!report.exports.empty()) text += "\n" + device_table(report.exports);
  if (!report.peers.empty()) text += "\n" + peer_table(report.peers) + path_table(report.peers);
  if (report.audit_failures != 0) {
    text += "\nthe audit log misses " + std::to_string(report.audit_failures) +
            " lines that could not be written; the log says why\n";
  }
  return text + port_text(report.port_counters);
}

}  // namespace usbgw::app

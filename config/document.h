// The configuration as plain structs: validated, defaults filled in, every value with its line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/fault.h"
#include "common/ip_address.h"
#include "common/timeline.h"
#include "config/defaults.h"
#include "config/device_selector.h"
#include "config/quantity.h"
#include "config/value.h"

namespace usbgw::config {

struct NodeSection {
  Value<std::string> name;
  // Whom a node that root starts becomes once all that needs root is open; empty: it stays root.
  Value<std::string> user;
  bool is_agent = false;  // `roles`, or derived: [[export]] makes an agent, [[attach]] a host
  bool is_host = false;
};

struct DataplaneSection {
  Value<std::string> port;  // checked for form only: the dataplane knows the port types' rest
  std::vector<Value<IpNetwork>> addresses;  // one or both families; may be empty for ring
  std::vector<Value<IpAddress>> gateways;   // at most one a family, on-link
  Value<std::uint16_t> udp_port;
  Value<std::uint16_t> mtu;   // of the IP packet
  Value<std::uint16_t> vlan;  // 0: untagged
  Value<std::uint8_t> dscp;
  Value<std::uint8_t> pcp;
  Value<bool> hugepages;
  Value<std::string> huge_dir;  // empty: EAL's own search
};

struct ControlSection {
  Value<HostPort> listen;  // agent
  Value<std::uint8_t> dscp;
  Value<std::uint64_t> pacing;  // bytes per second; 0: not paced
};

// Paths here are absolute or relative to the working directory (the configuration's own folder is
// already joined).
struct SecuritySection {
  Value<std::string> ca, certificate, key;  // all three, or
  Value<std::string> psk_file;              // "identity:key" lines; neither only on a ring port
  [[nodiscard]] bool has_certificate() const { return !certificate->empty(); }
  [[nodiscard]] bool has_psk() const { return !psk_file->empty(); }
};

// A part that is not set matches anything.
struct RuleEntry {
  Location at;
  std::optional<Value<DeviceSelector>> device;
  std::optional<Value<std::string>> peer;  // authenticated name
  std::optional<Value<std::uint8_t>> interface_class;
};

enum class Idle : std::uint8_t { adaptive, busy };

struct WorkersSection {
  std::optional<Value<std::uint16_t>> packet_core, usb_core, control_core;
  std::optional<Value<std::uint16_t>> vhci_core;  // of the kernel's vhci threads
  Value<Idle> idle;
  Value<std::uint8_t> realtime;  // SCHED_FIFO priority; 0: ordinary scheduling
  // Packet and USB worker on one thread. Not set: when the machine has fewer than four CPUs.
  std::optional<Value<bool>> fused;
  Value<Duration> idle_sleep;  // longest sleep of an adaptive worker while a stream is live
};

struct AdminSection {
  Value<std::string> socket;
};

// Isochronous schedule of an agent.
struct StreamsSection {
  Value<Duration> transfer;
  Value<Duration> in_ring;
  Value<Duration> out_ahead;
};

enum class SharePolicy : std::uint8_t { exclusive };

struct ExportEntry {
  Location at;
  Value<DeviceSelector> device;
  Value<SharePolicy> policy;
  StreamsSection streams;                  // [streams] with this entry's own values over it
  std::optional<Value<Duration>> playout;  // D of hosts that have no other of their own
  Value<std::uint16_t> packet_bytes;       // as in [[attach]]; the smaller of the two holds
  Value<std::uint16_t> buffer_count;       // intervals that an output stream holds; 0: 640 ms
};

// A host has one connection to each.
inline constexpr std::size_t kMaxPeers = 32;

struct PeerEntry {
  Location at;
  Value<std::string> name;
  Value<HostPort> control;
};

enum class PlayoutMode : std::uint8_t { adaptive, fixed };

struct AttachEntry {
  Location at;
  Value<std::string> peer;  // names a [[peer]]
  Value<DeviceSelector> device;
  std::optional<Value<std::uint16_t>> vhci_port;  // not set: "auto"
  Value<PlayoutMode> mode;
  Value<Duration> playout;  // D; the least of adaptive
  Value<Duration> playout_max;
  // Largest IP packet with the device's isochronous data, each way; 0: what the path carries.
  Value<std::uint16_t> packet_bytes;
  Value<std::uint16_t> buffer_count;  // intervals that an input stream holds; 0: from playout_max
};

enum class RepairScheme : std::uint8_t { none, copy, rs, window, automatic };

struct RepairSection {
  Value<RepairScheme> scheme;
  Value<Duration> delay;  // copy: behind its original
  // rs, window: symbols for so many sources, and how long they take (docs/configuration.md)
  Value<std::uint8_t> data;
  Value<std::uint8_t> repair;
  Value<Duration> spread;
  Value<bool> requests;        // what is missing is asked for; automatic: always
  Value<std::uint64_t> share;  // automatic: bytes a second of a stream with its repair; 0: no bound
};

// What a ring port does to the datagrams it carries, each way.
struct ImpairmentSection {
  Value<Duration> delay;   // one way, minimum
  Value<Duration> jitter;  // added, 0 to this
  Value<double> loss;      // probability, independent
  Value<double> outage_loss;
  Value<Duration> outage;
  Value<double> gilbert_p, gilbert_r;  // 0: no such loss
  Value<double> gilbert_good, gilbert_bad;
  Value<double> reorder;
  Value<Duration> reorder_by;
  Value<double> duplicate;
  Value<double> corrupt;
  Value<Duration> flap;  // down this long at the end of every `flap_every`
  Value<Duration> flap_every;
  Value<std::uint64_t> seed;

  // Nothing happens to any datagram.
  [[nodiscard]] bool is_none() const {
    return delay->count() == 0 && jitter->count() == 0 && *loss <= 0 && *outage_loss <= 0 &&
           *gilbert_p <= 0 && *reorder <= 0 && *duplicate <= 0 && *corrupt <= 0 &&
           flap->count() == 0;
  }
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogSection {
  Value<LogLevel> level;
  Value<std::string> file;  // empty: standard error
};

struct AuditSection {
  Value<std::string> file;  // empty: no audit log
};

struct Document {
  std::string file;
  NodeSection node;
  DataplaneSection dataplane;
  // [second_path]: [dataplane] with a port, addresses, MTU and VLAN of its own.
  std::optional<DataplaneSection> second_path;
  ControlSection control;
  SecuritySection security;
  std::vector<RuleEntry> allow, deny;
  WorkersSection workers;
  AdminSection admin;
  StreamsSection streams;
  std::vector<ExportEntry> exports;
  std::vector<PeerEntry> peers;
  std::vector<AttachEntry> attaches;
  RepairSection repair;
  ImpairmentSection impairment;
  LogSection log;
  AuditSection audit;
  std::vector<Location> written;  // every key of the file, by its full name

  // Where `key` ("dataplane.mtu") was written; its section's line, else the file, when it was not.
  [[nodiscard]] Location locate(std::string_view key) const;
  // Joins a layer's finding with the section the layer was filled from.
  [[nodiscard]] Problem located(std::string_view section, const Fault& fault) const;
  [[nodiscard]] const PeerEntry* find_peer(std::string_view name) const;
  // "af_packet:eth1", or both ports.
  [[nodiscard]] std::string ports_text() const;
  [[nodiscard]] bool uses_ring() const { return *dataplane.port == "ring"; }
};

// All problems of a file at once, in line order.
[[nodiscard]] Checked<Document> parse_document(std::string_view text, const std::string& file);
[[nodiscard]] Checked<Document> load_document(const std::string& file);

// Certificates, keys and secrets that the file names and that cannot be read, each with what to do.
[[nodiscard]] Problems unreadable_files(const Document& document);

}  // namespace usbgw::config

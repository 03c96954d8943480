// [[export]], [[peer]], [[attach]], [streams], [repair], [impairment]: devices and their streams.
#include <charconv>

#include "common/ip_mtu.h"
#include "config/sections.h"

namespace usbgw::config {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Of one block or step of a window (wire/records.h).
constexpr std::uint8_t kMostRepairData = 32;
constexpr std::uint8_t kMostRepairSymbols = 32;
constexpr std::uint16_t kAutomaticPort = 0xFFFF;
constexpr std::string_view kDeviceExample = "a device, as in device = \"1209:a101\"";

// "auto" or a port of the machine's vhci controllers.
std::optional<Value<std::uint16_t>> read_vhci_port(TableReader& reader) {
  const auto parse = [](std::string_view text) -> Parsed<std::uint16_t> {
    if (text == "auto") return kAutomaticPort;
    // Two hubs of at most 15 ports on each of at most 128 controllers (drivers/usb/usbip/Kconfig).
    constexpr std::uint16_t kPorts = 2 * 15 * 128;
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port >= kPorts) {
      return tl::unexpected<std::string>("\"" + std::string(text) +
                                         "\" is not a vhci port; allowed: \"auto\" or a number "
                                         "that `cat /sys/devices/platform/vhci_hcd.0/status` "
                                         "lists");
    }
    return port;
  };
  const auto port = reader.parsed<std::uint16_t>("vhci_port", kAutomaticPort, parse);
  if (*port == kAutomaticPort) return std::nullopt;
  return port;
}

void check_streams(TableReader& reader, const StreamsSection& streams) {
  if (*streams.in_ring < 2 * *streams.transfer) {
    reader.complain("in_ring", duration_text(*streams.in_ring) +
                                   " holds less than two transfers; allowed: at least " +
                                   duration_text(2 * *streams.transfer) + " with transfer = \"" +
                                   duration_text(*streams.transfer) + "\"");
  }
  if (*streams.out_ahead < *streams.transfer) {
    reader.complain("out_ahead", duration_text(*streams.out_ahead) +
                                     " is shorter than a transfer; allowed: at least " +
                                     duration_text(*streams.transfer));
  }
}

// A key that says nothing without its companion.
void check_companion(TableReader& reader, std::string_view key, std::string_view companion,
                     bool is_set) {
  if (reader.has(key) && !is_set)
    reader.complain(key, "has no effect without " + std::string(companion));
}

void check_impairment(TableReader& reader, const ImpairmentSection& impairment) {
  check_companion(reader, "outage", "outage_loss, the share of time that outages take",
                  *impairment.outage_loss > 0);
  check_companion(reader, "outage_loss", "outage, their mean length",
                  *impairment.outage > Duration{});
  check_companion(reader, "gilbert_p", "gilbert_r", *impairment.gilbert_r > 0);
  for (const std::string_view key : {"gilbert_r", "gilbert_good", "gilbert_bad"})
    check_companion(reader, key, "gilbert_p", *impairment.gilbert_p > 0);
  check_companion(reader, "reorder_by", "reorder", *impairment.reorder > 0);
  check_companion(reader, "flap", "flap_every", *impairment.flap_every > Duration{});
  check_companion(reader, "flap_every", "flap", *impairment.flap > Duration{});
  if (*impairment.flap > Duration{} && *impairment.flap_every > Duration{} &&
      *impairment.flap >= *impairment.flap_every)
    reader.complain("flap", duration_text(*impairment.flap) + " is not shorter than flap_every (" +
                                duration_text(*impairment.flap_every) + "): the link is never up");
}

}  // namespace

StreamsSection default_streams() {
  return {{milliseconds(1), {}}, {milliseconds(32), {}}, {milliseconds(2), {}}};
}

StreamsSection read_streams(TableReader& reader, const StreamsSection& fallback) {
  StreamsSection streams;
  streams.transfer =
      reader.duration("transfer", fallback.transfer, microseconds(125), milliseconds(16));
  streams.in_ring =
      reader.duration("in_ring", fallback.in_ring, milliseconds(1), milliseconds(500));
  streams.out_ahead =
      reader.duration("out_ahead", fallback.out_ahead, microseconds(250), milliseconds(100));
  // What is inherited has been checked where it was written.
  if (reader.has("transfer") || reader.has("in_ring") || reader.has("out_ahead")) {
    check_streams(reader, streams);
  }
  return streams;
}

std::vector<ExportEntry> read_exports(std::vector<TableReader> readers,
                                      const StreamsSection& streams) {
  std::vector<ExportEntry> entries;
  for (TableReader& reader : readers) {
    ExportEntry entry;
    entry.at = reader.entry();
    reader.require("device", kDeviceExample);
    entry.device = reader.parsed<DeviceSelector>("device", {}, parse_device);
    entry.policy = reader.choice<SharePolicy>("policy", SharePolicy::exclusive,
                                              {{"exclusive", SharePolicy::exclusive}});
    entry.streams = read_streams(reader, streams);
    const auto playout = reader.duration("playout", {Duration{0}, reader.location("playout")},
                                         microseconds(125), milliseconds(500));
    if (reader.has("playout")) entry.playout = playout;
    entry.packet_bytes =
        reader.integer<std::uint16_t>("packet_bytes", 0, kLeastPacketBytes, kMaximumMtu);
    entry.buffer_count = reader.integer<std::uint16_t>("buffer_count", 0, 64, 8192);
    reader.finish();
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<PeerEntry> read_peers(std::vector<TableReader> readers) {
  std::vector<PeerEntry> entries;
  for (TableReader& reader : readers) {
    PeerEntry entry;
    entry.at = reader.entry();
    reader.require("name", "the peer's authenticated name, as in name = \"stage-box\"");
    reader.require("control", "where the agent listens, as in control = \"10.0.0.2:7443\"");
    entry.name = reader.text("name");
    entry.control = reader.parsed<HostPort>("control", {}, parse_host_port);
    reader.finish();
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<AttachEntry> read_attaches(std::vector<TableReader> readers) {
  std::vector<AttachEntry> entries;
  for (TableReader& reader : readers) {
    AttachEntry entry;
    entry.at = reader.entry();
    reader.require("peer", "the name of a [[peer]]");
    reader.require("device", kDeviceExample);
    entry.peer = reader.text("peer");
    entry.device = reader.parsed<DeviceSelector>("device", {}, parse_device);
    entry.vhci_port = read_vhci_port(reader);
    entry.mode = reader.choice<PlayoutMode>(
        "mode", PlayoutMode::adaptive,
        {{"adaptive", PlayoutMode::adaptive}, {"fixed", PlayoutMode::fixed}});
    entry.playout = reader.duration("playout", {microseconds(500), reader.location("playout")},
                                    microseconds(125), milliseconds(500));
    entry.playout_max =
        reader.duration("playout_max", {milliseconds(50), reader.location("playout_max")},
                        microseconds(125), milliseconds(500));
    entry.packet_bytes =
        reader.integer<std::uint16_t>("packet_bytes", 0, kLeastPacketBytes, kMaximumMtu);
    entry.buffer_count = reader.integer<std::uint16_t>("buffer_count", 0, 64, 8192);
    if (*entry.playout > *entry.playout_max) {
      reader.complain("playout", duration_text(*entry.playout) + " is more than playout_max (" +
                                     duration_text(*entry.playout_max) + ")");
    }
    reader.finish();
    entries.push_back(std::move(entry));
  }
  return entries;
}

RepairSection read_repair(TableReader reader) {
  RepairSection repair;
  repair.scheme = reader.choice<RepairScheme>("scheme", RepairScheme::copy,
                                              {{"copy", RepairScheme::copy},
                                               {"none", RepairScheme::none},
                                               {"rs", RepairScheme::rs},
                                               {"window", RepairScheme::window},
                                               {"auto", RepairScheme::automatic}});
  repair.delay = reader.duration("delay", {milliseconds(4), reader.location("delay")},
                                 microseconds(0), milliseconds(100));
  repair.data = reader.integer<std::uint8_t>("data", 8, 1, kMostRepairData);
  repair.repair = reader.integer<std::uint8_t>("repair", 4, 1, kMostRepairSymbols);
  repair.spread = reader.duration("spread", {milliseconds(4), reader.location("spread")},
                                  microseconds(0), milliseconds(100));
  repair.requests = reader.boolean("requests", false);
  repair.share = reader.parsed<std::uint64_t>("share", 0, parse_rate);
  const bool is_automatic = *repair.scheme == RepairScheme::automatic;
  const bool combines =
      *repair.scheme == RepairScheme::rs || *repair.scheme == RepairScheme::window;
  for (const std::string_view key : {"data", "repair", "spread"}) {
    if (reader.has(key) && !combines)
      reader.complain(key, "has no effect without scheme = \"rs\" or \"window\"");
  }
  if (reader.has("requests") && is_automatic)
    reader.complain("requests", "has no effect with scheme = \"auto\", which asks anyway");
  if (reader.has("share") && !is_automatic)
    reader.complain("share", "has no effect without scheme = \"auto\"");
  if (reader.has("delay") && is_automatic)
    reader.complain("delay", "is of scheme = \"copy\"; allowed: share");
  if (reader.has("delay") && combines)
    reader.complain("delay", "is of scheme = \"copy\"; allowed: data, repair, spread");
  if (*repair.scheme == RepairScheme::window && *repair.spread == Duration{})
    reader.complain("spread", "is the window's length and cannot be 0; allowed: up to 100ms");
  reader.finish();
  return repair;
}

ImpairmentSection read_impairment(TableReader reader) {
  ImpairmentSection impairment;
  impairment.delay =
      reader.duration("delay", {Duration{0}, reader.location("delay")}, Duration{0}, seconds(1));
  impairment.jitter =
      reader.duration("jitter", {Duration{0}, reader.location("jitter")}, Duration{0}, seconds(1));
  impairment.loss = reader.number("loss", 0, 0, 1);
  impairment.outage_loss = reader.number("outage_loss", 0, 0, 0.99);
  impairment.outage =
      reader.duration("outage", {Duration{0}, reader.location("outage")}, Duration{0}, seconds(10));
  impairment.gilbert_p = reader.number("gilbert_p", 0, 0, 1);
  impairment.gilbert_r = reader.number("gilbert_r", 0, 0, 1);
  impairment.gilbert_good = reader.number("gilbert_good", 0, 0, 1);
  impairment.gilbert_bad = reader.number("gilbert_bad", 1, 0, 1);
  impairment.reorder = reader.number("reorder", 0, 0, 1);
  impairment.reorder_by = reader.duration(
      "reorder_by", {milliseconds(1), reader.location("reorder_by")}, microseconds(1), seconds(1));
  impairment.duplicate = reader.number("duplicate", 0, 0, 1);
  impairment.corrupt = reader.number("corrupt", 0, 0, 1);
  impairment.flap =
      reader.duration("flap", {Duration{0}, reader.location("flap")}, Duration{0}, seconds(60));
  impairment.flap_every =
      reader.duration("flap_every", {Duration{0}, reader.location("flap_every")}, Duration{0},
                      std::chrono::hours(1));
  impairment.seed = reader.integer<std::uint64_t>("seed", 1, 0, INT64_MAX);
  check_impairment(reader, impairment);
  reader.finish();
  return impairment;
}

}  // namespace usbgw::config

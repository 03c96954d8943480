#include "app/demo_report.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace usbgw::app {
namespace {

constexpr std::uint32_t kAudioClass = 1;  // USB Audio Device Class 1.0, A.1

double milliseconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

std::uint64_t counter_of(const control::PeerReport& peer, const char* name) {
  const auto found = peer.counters.find(name);
  return found == peer.counters.end() ? 0 : found->second;
}

// As the kernel makes a card's id of the product's name (sound/core/init.c).
std::string card_name(const config::DeviceSelector& device) {
  std::string name;
  for (const char c : device.software) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name.empty() ? "NAME" : name;
}

constexpr const char* kPlot = R"(set terminal pngcairo size 1000,560
set output 'latency.png'
set datafile separator ','
set key outside right top
set xlabel 'seconds'
set ylabel 'ms'
set yrange [0:*]
set y2label 'datagrams, intervals'
set y2tics
set y2range [0:*]
set ytics nomirror
plot 'latency.csv' skip 1 using 1:2 with lines lw 2 title 'latency p50', \
     '' skip 1 using 1:3 with lines title 'latency p99', \
     '' skip 1 using 1:4 with lines title 'latency max', \
     '' skip 1 using 1:($5+$6) with lines dt 2 title 'base + D', \
     '' skip 1 using 1:7 axes x1y2 with steps title 'datagrams lost', \
     '' skip 1 using 1:8 axes x1y2 with steps title 'repaired', \
     '' skip 1 using 1:9 axes x1y2 with steps lw 2 title 'concealed'
)";

}  // namespace

DemoSample sample_of(const control::StatusReport& status, double seconds, std::uint64_t lost) {
  DemoSample sample;
  sample.seconds = seconds;
  sample.lost = lost;
  for (const auto& peer : status.peers) {
    sample.repaired += counter_of(peer, "sources_repaired");
  }
  std::int64_t interval_ns = 0;
  for (const auto& attachment : status.attachments) {
    for (const auto& stream : attachment.streams) {
      if (stream.direction == "out") {
        sample.agent_missing += stream.agent_missing;
        continue;
      }
      // Of a feedback endpoint, whose intervals are longer than the audio's, nothing is shown.
      if (interval_ns != 0 && stream.interval_ns >= interval_ns) continue;
      interval_ns = stream.interval_ns;
      sample.in_p50_ms = milliseconds(stream.latency_p50_ns.value_or(0));
      sample.in_p99_ms = milliseconds(stream.latency_p99_ns.value_or(0));
      sample.in_max_ms = milliseconds(stream.latency_max_ns.value_or(0));
      sample.base_ms = milliseconds(stream.base_ns);
      sample.playout_ms = milliseconds(stream.playout_ns);
      sample.concealed = stream.intervals.concealed;
      const auto& account = stream.intervals;
      sample.intervals = account.direct + account.repaired + account.retransmitted +
                         account.concealed + account.device_gap;
    }
  }
  return sample;
}

std::string live_line(const DemoSample& sample) {
  char text[256];
  std::snprintf(text, sizeof text,
                "%5.1f s  latency p50 %.2f p99 %.2f max %.2f ms (base %.2f + D %.2f)  lost %llu  "
                "repaired %llu  concealed %llu of %llu",
                sample.seconds, sample.in_p50_ms, sample.in_p99_ms, sample.in_max_ms,
                sample.base_ms, sample.playout_ms, static_cast<unsigned long long>(sample.lost),
                static_cast<unsigned long long>(sample.repaired),
                static_cast<unsigned long long>(sample.concealed),
                static_cast<unsigned long long>(sample.intervals));
  return text;
}

std::string link_text(const config::ImpairmentSection& link) {
  if (link.is_none()) return "no impairment";
  std::string text;
  const auto add = [&text](const char* format, auto... values) {
    char part[96];
    std::snprintf(part, sizeof part, format, values...);
    text += part;
  };
  add("RTT %g ms, J = %g ms, %g %% loss", 2 * milliseconds(link.delay->count()),
      milliseconds(link.jitter->count()), 100 * *link.loss);
  if (*link.outage_loss > 0)
    add(", %g %% in outages of %g ms", 100 * *link.outage_loss, milliseconds(link.outage->count()));
  if (*link.gilbert_p > 0) add(", Gilbert p = %g, r = %g", *link.gilbert_p, *link.gilbert_r);
  if (*link.reorder > 0)
    add(", %g %% %g ms late", 100 * *link.reorder, milliseconds(link.reorder_by->count()));
  if (*link.duplicate > 0) add(", %g %% twice", 100 * *link.duplicate);
  if (*link.corrupt > 0) add(", %g %% corrupt", 100 * *link.corrupt);
  if (link.flap->count() > 0)
    add(", down %g of every %g ms", milliseconds(link.flap->count()),
        milliseconds(link.flap_every->count()));
  return text;
}

std::string counts_text(const simulation::ImpairmentCounts& counts,
                        const control::StatusReport& status) {
  std::uint64_t by_tag = 0;
  std::uint64_t seen_before = 0;
  for (const control::PeerReport& peer : status.peers) {
    by_tag += counter_of(peer, "drop_authentication");
    seen_before += counter_of(peer, "drop_replay");
  }
  std::string text =
      std::to_string(counts.lost) + " of " + std::to_string(counts.offered) + " datagrams lost";
  const auto add = [&text](const char* before, std::uint64_t count, const char* after) {
    if (count > 0) text += before + std::to_string(count) + after;
  };
  add(", ", counts.reordered, " held back");
  add(", ", counts.duplicated, " duplicated");
  add(", ", counts.corrupted, " corrupted");
  add("; refused: ", by_tag, " by their tag");
  add(by_tag > 0 ? ", " : "; refused: ", seen_before, " as seen before");
  return text;
}

std::string model_text(const std::string& sound, double seconds, const config::Document& document) {
  char length[32];
  std::snprintf(length, sizeof length, "%g s", seconds);
  return "Playing " + sound + " for " + length + ": driver model -> host -> link with " +
         link_text(document.impairment) + " -> agent -> " +
         document.attaches.front().device->to_string() + ", and back.";
}

std::string kernel_text(const std::string& sound, double seconds,
                        const config::Document& document) {
  const config::DeviceSelector& device = *document.attaches.front().device;
  const std::string card = card_name(device);
  char end[64];
  std::snprintf(end, sizeof end, "The demo ends in %g s, or with Ctrl-C.", seconds);
  return device.to_string() + " is on this machine's vhci_hcd, behind a link with " +
         link_text(document.impairment) + ".\nTry:  aplay -D plughw:CARD=" + card + " " + sound +
         "\nand:  arecord -D plughw:CARD=" + card + " -f dat -d 5 back.wav\n" + end;
}

std::string what_is_missing(const control::StatusReport& status) {
  if (status.attachments.empty()) return "the node has refused its [[attach]]; its log says why";
  const control::AttachmentReport& attachment = status.attachments.front();
  if (attachment.state == "live") return {};
  const std::string device = attachment.device + " of " + attachment.peer;
  if (!attachment.error.empty()) return device + " is not attached: " + attachment.error;
  for (const control::PeerReport& peer : status.peers) {
    if (peer.name != attachment.peer || peer.role != "agent" || peer.state == "open") continue;
    return "no connection to " + peer.name + ": " +
           (peer.error.empty() ? "it is " + peer.state : peer.error);
  }
  if (attachment.state == "requested") {
    return attachment.peer + " has not answered the request for " + attachment.device;
  }
  if (attachment.state == "enumerating") return "the driver has not set up " + device;
  return device + " is " + attachment.state;
}

Result<void> check_audio(const control::StatusReport& status, const std::string& device) {
  for (const control::DeviceReport& known : status.exports) {
    const auto& classes = known.interface_classes;
    const bool is_audio = std::find(classes.begin(), classes.end(), kAudioClass) != classes.end();
    const bool is_meant = known.device == device || known.device.starts_with(device + ":");
    if (!is_meant || classes.empty() || is_audio) continue;
    return fail(ErrorCode::invalid_argument,
                "the demo plays audio, and " + device +
                    (known.product.empty() ? "" : " (" + known.product + ")") +
                    " has no audio interface; attach software:loopback");
  }
  return {};
}

Result<std::string> write_plot(const std::vector<DemoSample>& samples, const std::string& folder,
                               const std::string& link) {
  const std::string table = folder + "/latency.csv";
  std::ofstream csv(table);
  csv << "seconds,p50_ms,p99_ms,max_ms,base_ms,playout_ms,lost,repaired,concealed\n";
  for (const DemoSample& s : samples) {
    csv << s.seconds << ',' << s.in_p50_ms << ',' << s.in_p99_ms << ',' << s.in_max_ms << ','
        << s.base_ms << ',' << s.playout_ms << ',' << s.lost << ',' << s.repaired << ','
        << s.concealed << '\n';
  }
  csv.close();
  if (!csv) return fail(ErrorCode::io, table + " cannot be written");
  const std::string script = folder + "/latency.gnuplot";
  std::ofstream plot(script);
  plot << "set title 'usbgw demo: device to driver over " << link << "'\n" << kPlot;
  plot.close();
  if (!plot) return fail(ErrorCode::io, script + " cannot be written");
  const std::string command = "cd '" + folder + "' && gnuplot latency.gnuplot 2>/dev/null";
  return std::system(command.c_str()) == 0 ? folder + "/latency.png" : table;
}

}  // namespace usbgw::app

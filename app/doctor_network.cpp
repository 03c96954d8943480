#include "app/doctor_network.h"

#include <cstdio>

#include "app/report_text.h"

namespace usbgw::app {
namespace {

// The default margin: what varies more needs a larger one.
constexpr std::int64_t kMuchJitter = 2'000'000;
constexpr double kMuchLoss = 0.001;
constexpr std::uint64_t kLargestHeaders = 40 + 8;  // IPv6 and UDP

std::uint64_t count_of(const control::PeerReport& peer, const char* name) {
  const auto found = peer.counters.find(name);
  return found == peer.counters.end() ? 0 : found->second;
}

struct Loss {
  std::uint64_t missed = 0;  // did not come the first time
  std::uint64_t lost = 0;    // and not later either
  std::uint64_t all = 0;
  [[nodiscard]] double share() const {
    return all == 0 ? 0 : static_cast<double>(missed) / static_cast<double>(all);
  }
};

Loss loss_of(const control::PeerReport& peer) {
  Loss loss;
  loss.lost = count_of(peer, "sources_lost");
  loss.missed =
      loss.lost + count_of(peer, "sources_repaired") + count_of(peer, "sources_retransmitted");
  loss.all = loss.lost + count_of(peer, "sources_received");
  return loss;
}

std::string loss_text(const Loss& loss) {
  if (loss.all == 0) return "loss not known, nothing has come from it yet";
  char text[96];
  std::snprintf(text, sizeof text, "loss %.3f %% (%llu of %llu, %llu for good)", 100 * loss.share(),
                static_cast<unsigned long long>(loss.missed),
                static_cast<unsigned long long>(loss.all),
                static_cast<unsigned long long>(loss.lost));
  return text;
}

std::string advice(const control::PeerReport& peer, const Loss& loss,
                   const config::DataplaneSection* dataplane) {
  std::string text;
  if (*peer.jitter_ns > kMuchJitter) {
    text += "; jitter is above the default margin: playout must reach " +
            milliseconds_text(*peer.jitter_ns) + ", or look for what fills the link";
  }
  if (loss.share() > kMuchLoss) {
    text += "; repair needs its delay within playout too, look at cables and queues";
  }
  if (dataplane != nullptr && peer.path_payload &&
      *peer.path_payload + kLargestHeaders < *dataplane->mtu) {
    text += "; datagrams above " + std::to_string(*peer.path_payload) +
            " bytes do not arrive though dataplane.mtu is " + std::to_string(*dataplane->mtu) +
            ": a switch on the way drops them";
  }
  return text;
}

Finding judge_peer(const control::PeerReport& peer, const config::DataplaneSection* dataplane) {
  Finding finding{"peer " + peer.name, Verdict::good, {}};
  if (peer.state != "open") {
    finding.verdict = Verdict::missing;
    finding.text = peer.state + (peer.error.empty() ? "" : ": " + peer.error);
    return finding;
  }
  if (!peer.round_trip_min_ns || !peer.jitter_ns) {
    finding.verdict = Verdict::unknown;
    finding.text = "connected, but its datagrams have not been answered yet";
    return finding;
  }
  const Loss loss = loss_of(peer);
  const std::string problems = advice(peer, loss, dataplane);
  if (!problems.empty()) finding.verdict = Verdict::poor;
  finding.cost = Duration{*peer.round_trip_min_ns / 2 + *peer.jitter_ns};
  finding.text = "RTT " + milliseconds_text(*peer.round_trip_min_ns) + ", jitter " +
                 milliseconds_text(*peer.jitter_ns) + ", " + loss_text(loss) + ", payload " +
                 std::to_string(peer.path_payload.value_or(0)) +
                 ": each way costs half the RTT and the jitter" + problems;
  return finding;
}

}  // namespace

std::vector<Finding> judge_peers(const control::StatusReport& status,
                                 const config::DataplaneSection* dataplane) {
  std::vector<Finding> findings;
  for (const control::PeerReport& peer : status.peers) {
    findings.push_back(judge_peer(peer, dataplane));
  }
  if (findings.empty()) {
    findings.push_back({"peers", Verdict::unknown, status.node + " runs here and has none"});
  }
  return findings;
}

Finding unknown_peers(const std::string& why) {
  return {"peers", Verdict::unknown, "RTT, loss and jitter are not known: " + why};
}

}  // namespace usbgw::app

#include "config/document.h"

#include <gtest/gtest.h>

#include "tests/config/sample.h"

namespace usbgw::config {
namespace {

using namespace std::chrono_literals;

TEST(Document, Minimal_TakesDefaults) {
  const auto document = parse_document(kHost, "studio.toml");
  ASSERT_TRUE(document) << problem_text(document);
  EXPECT_TRUE(document->node.is_host);
  EXPECT_FALSE(document->node.is_agent);
  EXPECT_FALSE(document->node.user.is_written());
  EXPECT_EQ(*document->dataplane.udp_port, kUdpPort);
  EXPECT_EQ(*document->dataplane.mtu, 1500);
  EXPECT_EQ(*document->dataplane.dscp, 46);
  EXPECT_EQ(*document->admin.socket, "/run/usbgw/room.sock");
  EXPECT_EQ(*document->repair.delay, 4ms);
  ASSERT_EQ(document->attaches.size(), 1U);
  EXPECT_EQ(*document->attaches[0].playout, 500us);
  EXPECT_FALSE(document->attaches[0].vhci_port);
}

TEST(Document, RepairSchemes_TakeTheirDefaults) {
  for (const auto& [name, scheme] :
       {std::pair("rs", RepairScheme::rs), std::pair("window", RepairScheme::window)}) {
    const auto document = parse_document(
        std::string(kHost) + "[repair]\nscheme = \"" + name + "\"\nrepair = 2\n", "studio.toml");
    ASSERT_TRUE(document) << problem_text(document);
    EXPECT_EQ(*document->repair.scheme, scheme);
    EXPECT_EQ(*document->repair.data, 8);
    EXPECT_EQ(*document->repair.repair, 2);
    EXPECT_EQ(*document->repair.spread, 4ms);
    EXPECT_FALSE(*document->repair.requests);
  }
}

TEST(Document, RepairAuto_TakesAShare) {
  const auto document = parse_document(
      std::string(kHost) + "[repair]\nscheme = \"auto\"\nshare = \"8Mbit\"\n", "studio.toml");
  ASSERT_TRUE(document) << problem_text(document);
  EXPECT_EQ(*document->repair.scheme, RepairScheme::automatic);
  EXPECT_EQ(*document->repair.share, 1'000'000U);
}

TEST(Document, RepairRequests_GoWithEverySchemeButAuto) {
  for (const char* scheme : {"none", "copy", "rs", "window", "auto"}) {
    const std::string text =
        std::string(kHost) + "[repair]\nscheme = \"" + scheme + "\"\nrequests = true\n";
    const auto document = parse_document(text, "studio.toml");
    if (std::string_view(scheme) == "auto") {
      EXPECT_EQ(problem_text(document),
                "studio.toml:16: repair.requests: has no effect with scheme = \"auto\", which asks "
                "anyway\n");
    } else {
      ASSERT_TRUE(document) << problem_text(document);
      EXPECT_TRUE(*document->repair.requests);
    }
  }
}

TEST(Document, Impairments_OfEveryKindAtOnce) {
  const auto document = parse_document(std::string(kAgent) +
                                           "[impairment]\noutage_loss = 0.01\noutage = \"2ms\"\n"
                                           "gilbert_p = 0.001\ngilbert_r = 0.5\ngilbert_good = "
                                           "0.0001\ngilbert_bad = 0.9\nreorder = 0.02\n"
                                           "duplicate = 0.03\ncorrupt = 0.04\nflap = \"200ms\"\n"
                                           "flap_every = \"10s\"\n",
                                       "demo.toml");
  ASSERT_TRUE(document) << problem_text(document);
  const ImpairmentSection& link = document->impairment;
  EXPECT_FALSE(link.is_none());
  EXPECT_EQ(*link.outage, 2ms);
  EXPECT_DOUBLE_EQ(*link.gilbert_good, 0.0001);
  EXPECT_DOUBLE_EQ(*link.gilbert_bad, 0.9);
  EXPECT_EQ(*link.reorder_by, 1ms);
  EXPECT_DOUBLE_EQ(*link.corrupt, 0.04);
  EXPECT_EQ(*link.flap_every, 10s);
}

TEST(Document, Values_RememberFileLineAndKey) {
  const auto document = parse_document(kHost, "studio.toml");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->dataplane.port.at.to_string(), "studio.toml:4: dataplane.port");
  EXPECT_EQ(document->attaches[0].device.at.to_string(), "studio.toml:13: attach[1].device");
  EXPECT_FALSE(document->dataplane.mtu.is_written());
}

TEST(Document, LayersFault_IsJoinedWithItsLine) {
  const auto document = parse_document(kHost, "studio.toml");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->located("dataplane", {"port", "no such interface"}).to_string(),
            "studio.toml:4: dataplane.port: no such interface");
  EXPECT_EQ(document->located("dataplane", {"mtu", "too large"}).to_string(),
            "studio.toml:3: dataplane.mtu: too large");
  EXPECT_EQ(document->located("attach[1]", {"playout", "too short"}).to_string(),
            "studio.toml:11: attach[1].playout: too short");
  EXPECT_EQ(document->located("workers", {"idle", "wrong"}).to_string(),
            "studio.toml: workers.idle: wrong");
}

TEST(Document, RelativePaths_StartAtTheFilesFolder) {
  const auto document = parse_document(kHost, "/etc/usbgw/studio.toml");
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->security.psk_file, "/etc/usbgw/studio.psk");
}

TEST(Document, ExportWithoutOwnStreams_TakesTheSections) {
  const auto document = parse_document(std::string(kAgent) +
                                           "transfer = \"2ms\"\n"
                                           "[streams]\nout_ahead = \"3ms\"\n",
                                       "a.toml");
  ASSERT_TRUE(document) << problem_text(document);
  EXPECT_EQ(*document->exports[0].streams.transfer, 2ms);
  EXPECT_EQ(*document->exports[0].streams.out_ahead, 3ms);
  EXPECT_EQ(*document->exports[0].streams.in_ring, 32ms);
  EXPECT_EQ(*document->streams.transfer, 1ms);
  EXPECT_FALSE(document->exports[0].playout);
  EXPECT_EQ(*document->exports[0].packet_bytes, 0);
}

TEST(Document, EverythingWritten_IsRead) {
  const auto document = parse_document(kEverything, "all.toml");
  ASSERT_TRUE(document) << problem_text(document);
  EXPECT_TRUE(document->node.is_agent && document->node.is_host);
  EXPECT_EQ(*document->node.user, "usbgw");
  ASSERT_EQ(document->dataplane.addresses.size(), 2U);
  EXPECT_EQ(document->dataplane.addresses[1]->to_string(), "fd00::2/64");
  EXPECT_EQ(document->dataplane.gateways[0]->to_string(), "10.20.0.1");
  EXPECT_EQ(*document->dataplane.vlan, 120);
  EXPECT_EQ(*document->dataplane.dscp, 40);
  EXPECT_EQ(*document->control.pacing, 62'500'000U);
  EXPECT_EQ(document->workers.usb_core->value, 1);
  EXPECT_EQ(document->workers.vhci_core->value, 2);
  EXPECT_EQ(document->workers.idle.value, Idle::busy);
  EXPECT_FALSE(document->workers.fused->value);
  EXPECT_EQ(document->deny[0].interface_class->value, 8);
  EXPECT_EQ(**document->exports[0].playout, 4ms);
  EXPECT_EQ(*document->exports[0].packet_bytes, 700);
  EXPECT_EQ(*document->exports[0].buffer_count, 512);
  EXPECT_EQ(*document->attaches[0].packet_bytes, 1400);
  EXPECT_EQ(*document->attaches[0].buffer_count, 256);
  EXPECT_TRUE(document->attaches[0].playout.is_written());
  EXPECT_EQ(document->attaches[0].vhci_port->value, 3);
  EXPECT_EQ(document->attaches[0].mode.value, PlayoutMode::fixed);
  EXPECT_EQ(document->repair.scheme.value, RepairScheme::none);
  EXPECT_EQ(document->log.level.value, LogLevel::debug);
}

TEST(Document, SecondPath_IsAsTheDataplaneButForWhatItSays) {
  std::string text(kHost);
  text.replace(text.find("[security]"), 0,
               "mtu = 9000\ndscp = \"CS5\"\nvlan = 7\n"
               "[second_path]\nport = \"af_packet:eth2\"\naddress = \"10.21.0.1/24\"\n");
  const auto document = parse_document(text, "f.toml");
  ASSERT_TRUE(document) << problem_text(document);
  ASSERT_TRUE(document->second_path);
  EXPECT_EQ(*document->second_path->port, "af_packet:eth2");
  EXPECT_EQ(document->second_path->addresses[0]->to_string(), "10.21.0.1/24");
  EXPECT_EQ(*document->second_path->mtu, 9000);
  EXPECT_EQ(*document->second_path->dscp, 40);
  EXPECT_EQ(*document->second_path->vlan, 0);
  EXPECT_EQ(document->ports_text(), "af_packet:eth1 and af_packet:eth2");
  EXPECT_FALSE(parse_document(kHost, "f.toml")->second_path);
}

TEST(Document, KeyFilesMissing_AreNamedWithTheirLine) {
  const auto document = parse_document(kHost, "/nonexistent/studio.toml");
  ASSERT_TRUE(document);
  const Problems problems = unreadable_files(*document);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].to_string(),
            "/nonexistent/studio.toml:7: security.psk_file: cannot read /nonexistent/studio.psk: "
            "No such file or directory; `usbgw keys` makes certificates and pre-shared keys");
}

TEST(Document, FileMissing_IsOneProblem) {
  const auto document = load_document("/nonexistent/studio.toml");
  EXPECT_EQ(problem_text(document),
            "/nonexistent/studio.toml: cannot be read: No such file or directory\n");
}

TEST(Document, ShippedExamples_PassAndMeanWhatTheyAreFor) {
  const std::string folder = USBGW_SOURCE_ROOT "/config/";
  const auto demo = load_document(folder + "demo.toml");
  ASSERT_TRUE(demo) << problem_text(demo);
  EXPECT_TRUE(demo->node.is_agent && demo->node.is_host && demo->uses_ring());
  EXPECT_DOUBLE_EQ(*demo->impairment.loss, 0.007);
  const auto agent = load_document(folder + "studio-agent.toml");
  ASSERT_TRUE(agent) << problem_text(agent);
  EXPECT_TRUE(agent->node.is_agent && !agent->node.is_host);
  const auto host = load_document(folder + "studio-host.toml");
  ASSERT_TRUE(host) << problem_text(host);
  EXPECT_TRUE(host->node.is_host && !host->node.is_agent);
  EXPECT_EQ(*host->attaches[0].peer, *agent->node.name);
  EXPECT_EQ(*host->attaches[0].device, *agent->exports[0].device);
  EXPECT_EQ(agent->allow[0].peer->value, *host->node.name);
}

}  // namespace
}  // namespace usbgw::config

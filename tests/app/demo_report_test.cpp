#include "app/demo_report.h"

#include <gtest/gtest.h>

#include <fstream>

namespace usbgw::app {
namespace {

control::StatusReport waiting() {
  control::StatusReport status;
  control::PeerReport peer;
  peer.name = "stage";
  peer.role = "agent";
  peer.state = "open";
  status.peers.push_back(peer);
  control::AttachmentReport attachment;
  attachment.peer = "stage";
  attachment.device = "1209:a101";
  attachment.state = "waiting";
  status.attachments.push_back(attachment);
  return status;
}

TEST(WhatIsMissing, NothingWhenTheDeviceIsLive) {
  control::StatusReport status = waiting();
  status.attachments.front().state = "live";
  EXPECT_EQ(what_is_missing(status), "");
}

TEST(WhatIsMissing, AttachmentsOwnReasonComesFirst) {
  control::StatusReport status = waiting();
  status.peers.front().state = "closed";
  status.attachments.front().error = "stage exports no 1209:a101";
  EXPECT_EQ(what_is_missing(status),
            "1209:a101 of stage is not attached: stage exports no 1209:a101");
}

TEST(WhatIsMissing, ConnectionIsNamedWithItsReasonOrItsState) {
  control::StatusReport status = waiting();
  status.peers.front().state = "connecting";
  EXPECT_EQ(what_is_missing(status), "no connection to stage: it is connecting");
  status.peers.front().error = "connection refused";
  EXPECT_EQ(what_is_missing(status), "no connection to stage: connection refused");
}

TEST(WhatIsMissing, EveryStateThatHasNoReasonIsNamed) {
  control::StatusReport status = waiting();
  EXPECT_EQ(what_is_missing(status), "1209:a101 of stage is waiting");
  status.attachments.front().state = "requested";
  EXPECT_EQ(what_is_missing(status), "stage has not answered the request for 1209:a101");
  status.attachments.front().state = "enumerating";
  EXPECT_EQ(what_is_missing(status), "the driver has not set up 1209:a101 of stage");
  status.attachments.clear();
  EXPECT_NE(what_is_missing(status), "");
}

control::StatusReport exporting(std::vector<std::uint32_t> classes) {
  control::StatusReport status;
  control::DeviceReport device;
  device.device = "1209:a101:0001";
  device.product = "Thing";
  device.interface_classes = std::move(classes);
  status.exports.push_back(device);
  return status;
}

TEST(CheckAudio, DeviceWithoutAnAudioInterfaceIsRefusedByName) {
  const auto checked = check_audio(exporting({3, 8}), "1209:a101");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().context,
            "the demo plays audio, and 1209:a101 (Thing) has no audio interface; attach "
            "software:loopback");
}

TEST(CheckAudio, AudioAmongOthersUnpluggedAndAnotherDeviceAreNot) {
  EXPECT_TRUE(check_audio(exporting({3, 1}), "1209:a101"));
  EXPECT_TRUE(check_audio(exporting({}), "1209:a101"));
  EXPECT_TRUE(check_audio(exporting({3}), "1209:a10"));
}

class Texts : public ::testing::Test {
 protected:
  // The shipped file with one line of it replaced.
  static config::Document demo(const std::string& line = {}, const std::string& other = {}) {
    std::ifstream file(USBGW_SOURCE_ROOT "/config/demo.toml");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t at = 0; !line.empty() && (at = text.find(line, at)) != std::string::npos;) {
      text.replace(at, line.size(), other);
      at += other.size();
    }
    auto document = config::parse_document(text, "demo.toml");
    EXPECT_TRUE(document);
    return *document;
  }
};

TEST_F(Texts, LengthLinkAndDeviceAreTheOnesInEffect) {
  EXPECT_EQ(model_text("a tune", 10, demo()),
            "Playing a tune for 10 s: driver model -> host -> link with RTT 8 ms, J = 4 ms, 0.7 % "
            "loss -> agent -> software:loopback, and back.");
  EXPECT_EQ(model_text("a tune", 0.5, demo("software:loopback", "software:uac1")),
            "Playing a tune for 0.5 s: driver model -> host -> link with RTT 8 ms, J = 4 ms, 0.7 % "
            "loss -> agent -> software:uac1, and back.");
  EXPECT_NE(model_text("a tune", 1, demo("jitter = \"4ms\"", "jitter = \"2ms\"")).find("J = 2 ms"),
            std::string::npos);
}

TEST_F(Texts, UnimpairedLinkIsCalledSo) {
  config::Document document = demo("\"4ms\"", "\"0ms\"");
  EXPECT_EQ(link_text(document.impairment), "RTT 0 ms, J = 0 ms, 0.7 % loss");
  document = demo("loss = 0.007", "loss = 0");
  EXPECT_EQ(link_text(document.impairment), "RTT 8 ms, J = 4 ms, 0 % loss");
  EXPECT_EQ(link_text({}), "no impairment");
}

TEST_F(Texts, EveryImpairmentIsTold) {
  const config::Document document =
      demo("loss = 0.007",
           "loss = 0\noutage_loss = 0.01\noutage = \"2ms\"\ngilbert_p = 0.001\ngilbert_r = 0.5\n"
           "reorder = 0.02\nduplicate = 0.03\ncorrupt = 0.04\nflap = \"200ms\"\n"
           "flap_every = \"10s\"");
  EXPECT_EQ(link_text(document.impairment),
            "RTT 8 ms, J = 4 ms, 0 % loss, 1 % in outages of 2 ms, Gilbert p = 0.001, r = 0.5, 2 % "
            "1 ms late, 3 % twice, 4 % corrupt, down 200 of every 10000 ms");
}

TEST(CountsText, WhatTheLinkDidAndWhatWasRefused) {
  simulation::ImpairmentCounts counts;
  counts.offered = 4000;
  counts.lost = 27;
  EXPECT_EQ(counts_text(counts, {}), "27 of 4000 datagrams lost");
  counts.reordered = 4;
  counts.duplicated = 12;
  counts.corrupted = 3;
  control::StatusReport status = waiting();
  status.peers.front().counters = {{"drop_authentication", 3}, {"drop_replay", 12}};
  EXPECT_EQ(
      counts_text(counts, status),
      "27 of 4000 datagrams lost, 4 held back, 12 duplicated, 3 corrupted; refused: 3 by their "
      "tag, 12 as seen before");
}

TEST_F(Texts, KernelTextHasTheCardTheSoundAndTheEnd) {
  const std::string text =
      kernel_text("x.wav", 20, demo("software:loopback", "software:uac2-implicit"));
  EXPECT_NE(text.find("software:uac2-implicit is on this machine's vhci_hcd"), std::string::npos);
  EXPECT_NE(text.find("aplay -D plughw:CARD=uac2implicit x.wav"), std::string::npos);
  EXPECT_NE(text.find("ends in 20 s"), std::string::npos);
}

control::StreamReport input(std::int64_t interval_ns, std::int64_t latency_ns) {
  control::StreamReport stream;
  stream.direction = "in";
  stream.interval_ns = interval_ns;
  stream.latency_p50_ns = latency_ns;
  return stream;
}

TEST(SampleOf, AudioStreamIsShownAndNotItsFeedbackAtEitherSpeed) {
  for (const std::int64_t interval : {125'000, 1'000'000}) {
    for (const bool is_audio_first : {true, false}) {
      control::StatusReport status = waiting();
      auto& streams = status.attachments.front().streams;
      streams = {input(interval, 7'000'000), input(8 * interval, 1)};
      if (!is_audio_first) std::swap(streams[0], streams[1]);
      EXPECT_EQ(sample_of(status, 1, 0).in_p50_ms, 7) << interval << is_audio_first;
    }
  }
}

}  // namespace
}  // namespace usbgw::app

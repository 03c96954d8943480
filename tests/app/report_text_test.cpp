#include "app/report_text.h"

#include <gtest/gtest.h>

#include "app/text_table.h"

namespace usbgw::app {
namespace {

TEST(TextTable, Cells_AreAlignedByTheirVisibleWidth) {
  TextTable table({"NAME", "X"});
  table.add({"Mischpult \xC3\xA4", "1"});
  table.add({"", "2"});
  EXPECT_EQ(table.text(),
            "NAME         X\n"
            "Mischpult \xC3\xA4  1\n"
            "-            2\n");
}

TEST(ReportText, Ages_AreShort) {
  EXPECT_EQ(age_text(61), "61 s");
  EXPECT_EQ(age_text(600), "10 min");
  EXPECT_EQ(age_text(7505), "2 h 5 min");
}

TEST(ReportText, List_ShowsHolderAndLeaseAge) {
  control::ListReport report;
  control::DeviceReport free;
  free.peer = "stage";
  free.device = "1209:a101";
  free.product = "Mixer";
  free.speed = "high";
  free.state = "free";
  control::DeviceReport held = free;
  held.device = "1209:a102";
  held.state = "in use";
  held.holder = "room";
  held.lease_age_s = 5;
  report.devices = {free, held};
  report.notes = {"annex: not connected"};
  EXPECT_EQ(list_text(report),
            "PEER   DEVICE     PRODUCT  SPEED  STATE   HOLDER  LEASE AGE\n"
            "stage  1209:a101  Mixer    high   free    -       -\n"
            "stage  1209:a102  Mixer    high   in use  room    5 s\n"
            "annex: not connected\n");
  EXPECT_EQ(list_text({}), "no devices\n");
}

TEST(ReportText, Attach_NamesThePort) {
  EXPECT_EQ(attach_text({"stage", "1209:a101", "Mixer", 3}),
            "attached 1209:a101 of stage (Mixer) at vhci port 3\n");
  EXPECT_EQ(detach_text({"stage", "1209:a101"}), "detached 1209:a101 of stage\n");
}

TEST(ReportText, Status_ShowsTimesCountsAndLosses) {
  control::StreamReport stream;
  stream.endpoint = 0x82;
  stream.direction = "in";
  stream.open = true;
  stream.base_ns = 250'000;
  stream.playout_ns = 2'000'000;
  stream.latency_p99_ns = 2'310'000;
  stream.margin_mode = "fixed";
  stream.margin_reason = "playout of the attachment";
  stream.latency_terms = {{"base", 250'000}, {"D", 2'000'000}};
  stream.latency_planned_ns = 2'250'000;
  stream.intervals.direct = 1234;
  stream.intervals.concealed = 7;
  control::StreamReport out = stream;
  out.endpoint = 0x01;
  out.direction = "out";
  out.agent_fifo.emplace().now_ns = 2'750'000;
  control::AttachmentReport attachment;
  attachment.peer = "stage";
  attachment.device = "1209:a101";
  attachment.state = "live";
  attachment.vhci_port = 0;
  attachment.streams = {stream, out};
  control::PeerReport peer;
  peer.name = "stage";
  peer.role = "agent";
  peer.state = "open";
  peer.round_trip_min_ns = 500'000;
  peer.counters = {{"sources_lost", 7}};
  control::StatusReport status;
  status.node = "room";
  status.version = "1";
  status.roles = {"agent", "host"};
  status.port = "ring";
  status.attachments = {attachment};
  status.peers = {peer};
  const std::string text = status_text(status);
  EXPECT_EQ(text.substr(0, text.find('\n')), "room: agent and host on ring, up 0 s, usbgw 1");
  EXPECT_NE(text.find("1209:a101 of stage: live, vhci port 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("in 2    0.25 ms  2.00 ms  -            2.31 ms  -    "), std::string::npos)
      << text;
  EXPECT_NE(text.find("in 2       1234    0         0       7  "), std::string::npos) << text;
  EXPECT_NE(text.find("      -\n  out 1  "), std::string::npos) << text;
  EXPECT_NE(text.find("2.75 ms\n"), std::string::npos) << text;
  EXPECT_NE(text.find("stage  agent  open   0.50 ms  -       -  "), std::string::npos) << text;
  EXPECT_NE(text.find("\n  in 2: 2.25 ms = 0.25 ms base + 2.00 ms D; D (fixed): playout of the "
                      "attachment\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("audit log"), std::string::npos) << text;
}

TEST(ReportText, Status_HasALineForEachOfTwoPaths) {
  control::PeerReport peer;
  peer.name = "stage";
  control::StatusReport status;
  status.peers = {peer};
  EXPECT_EQ(status_text(status).find("second"), std::string::npos);
  control::PathReport first{true, 500'000, 10'000, 8900, 990, 2000, 14};
  control::PathReport second{false, 8'000'000, 20'000, 1472, 10, 3000, 3000};
  status.peers[0].paths = {first, second};
  const std::string text = status_text(status);
  EXPECT_NE(text.find("stage  first   answers  0.50 ms  0.01 ms  8900     99.000 %  0.700 %"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("stage  second  silent   8.00 ms  0.02 ms  1472     1.000 %   100.000 %"),
            std::string::npos)
      << text;
}

TEST(ReportText, Status_SaysThatTheAuditLogMissesLines) {
  control::StatusReport status;
  status.audit_failures = 3;
  EXPECT_NE(status_text(status).find("the audit log misses 3 lines"), std::string::npos);
}

}  // namespace
}  // namespace usbgw::app

#include "node/admin_reports.h"

#include <gtest/gtest.h>

namespace usbgw::node {
namespace {

using namespace std::chrono_literals;

control::StreamReport reported(const host::StreamStatus& stream) {
  host::AttachmentStatus status;
  status.streams = {stream};
  AttachmentView view;
  view.status = &status;
  return report(view).streams.at(0);
}

TEST(AdminReports, LatencyOfAnInputIsBaseAndD) {
  host::StreamStatus stream;
  stream.endpoint = EndpointAddress{0x82};
  stream.base = 250us;
  stream.playout = stream.margin = 2ms;
  stream.margin_reason = host::MarginReason::path_jitter;
  stream.window_intervals = 2048;
  const auto out = reported(stream);
  EXPECT_EQ(out.margin_ns, 2'000'000);
  EXPECT_EQ(out.margin_mode, "adaptive");
  EXPECT_EQ(out.margin_reason, "the path's jitter when the stream began");
  ASSERT_EQ(out.latency_terms.size(), 2u);
  EXPECT_EQ(out.latency_planned_ns, 2'250'000);
  EXPECT_EQ(out.window_intervals, 2048);
}

TEST(AdminReports, LatencyOfAnOutputIsAllOfDOutAndTheBase) {
  host::StreamStatus stream;
  stream.endpoint = EndpointAddress{0x01};
  stream.base = 250us;
  stream.margin = 500us;
  stream.wake_ups = 250us;
  stream.submit_ahead = 2ms;
  stream.playout = 2750us;
  stream.is_margin_fixed = true;
  const auto out = reported(stream);
  EXPECT_EQ(out.margin_mode, "fixed");
  ASSERT_EQ(out.latency_terms.size(), 4u);
  EXPECT_EQ(out.latency_terms[3].name, "submitted ahead");
  EXPECT_EQ(out.latency_terms[3].ns, 2'000'000);
  EXPECT_EQ(out.latency_planned_ns, out.base_ns + out.playout_ns);
  stream.start_slack = 500us;
  const auto slackened = reported(stream);
  ASSERT_EQ(slackened.latency_terms.size(), 5u);
  EXPECT_EQ(slackened.latency_terms[4].name, "slack");
  EXPECT_EQ(slackened.latency_planned_ns, out.latency_planned_ns + 500'000);
}

}  // namespace
}  // namespace usbgw::node

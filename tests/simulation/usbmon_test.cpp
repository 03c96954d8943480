// The model of the sound driver against traces of the real one. The traces are those that
// `./dev vm usbmon` leaves in out/vm/usbmon/traces.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/simulation/usbmon_replay.h"

namespace usbgw::simulation {
namespace {

std::vector<std::string> trace_paths() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(USBGW_TRACES)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  return paths;
}

UsbmonTrace trace_of(const std::string& name) {
  auto trace = read_usbmon_trace(std::string(USBGW_TRACES) + "/" + name);
  EXPECT_TRUE(trace) << trace.error().context;
  return trace ? std::move(*trace) : UsbmonTrace{};
}

std::size_t differences(const UsbmonTrace& trace) {
  const auto result = replay(trace);
  EXPECT_TRUE(result) << result.error().context;
  return result ? result->different : 0;
}

TEST(Usbmon, ModelSubmitsWhatTheDriverDid) {
  const auto paths = trace_paths();
  EXPECT_GE(paths.size(), 3u);
  for (const auto& path : paths) {
    SCOPED_TRACE(path);
    const auto trace = read_usbmon_trace(path);
    ASSERT_TRUE(trace) << trace.error().context;
    const auto result = replay(*trace);
    ASSERT_TRUE(result) << result.error().context;
    EXPECT_EQ(result->different, 0u) << result->first_difference;
    EXPECT_EQ(result->completions, 40u);
    EXPECT_GT(result->submissions, result->completions / 2);
  }
}

// The comparison itself.
TEST(Usbmon, ComparisonSeesAnotherPacketLength) {
  auto trace = trace_of("uac2_play_44100_64x2.txt");
  for (auto& step : trace.steps) {
    if (step.kind == TraceStep::Kind::submitted && step.line > 60) {
      step.packets.back().length += 4;
      break;
    }
  }
  EXPECT_EQ(differences(trace), 1u);
}

TEST(Usbmon, ComparisonSeesAMissingAndASurplusSubmission) {
  auto trace = trace_of("uac1_record_44100_64x2.txt");
  const auto of_last = [&] {
    return std::find_if(trace.steps.rbegin(), trace.steps.rend(), [](const TraceStep& step) {
      return step.kind == TraceStep::Kind::submitted;
    });
  };
  const auto last = of_last().base() - 1;
  const TraceStep kept = *last;
  trace.steps.erase(last);
  EXPECT_EQ(differences(trace), 1u);
  trace.steps.insert(trace.steps.end(), {kept, kept});
  EXPECT_EQ(differences(trace), 1u);
}

TEST(Usbmon, ComparisonSeesAnotherOrder) {
  auto trace = trace_of("uac2_play_44100_64x2.txt");
  for (std::size_t i = 1; i < trace.steps.size(); ++i) {
    auto& one = trace.steps[i - 1];
    auto& other = trace.steps[i];
    if (one.kind != TraceStep::Kind::submitted || other.kind != one.kind) continue;
    if (one.endpoint == other.endpoint) continue;
    std::swap(one, other);
    break;
  }
  EXPECT_EQ(differences(trace), 2u);
}

TEST(UsbmonTrace, ParsesGroupedAndFailedPackets) {
  const auto trace = parse_usbmon_trace(
      "# a comment\ndevice uac2\ndirection record\nrate 44100\nbuffer 64x2\n"
      "P\nT\nS 81 2*28\nC 81 24 3*20!-18\nC 82 4 0x00058333\nW 256\n");
  ASSERT_TRUE(trace) << trace.error().context;
  EXPECT_EQ(trace->device, "uac2");
  EXPECT_FALSE(trace->is_playback);
  EXPECT_EQ(trace->rate, 44100u);
  EXPECT_EQ(trace->period_frames, 64u);
  EXPECT_EQ(trace->periods, 2u);
  ASSERT_EQ(trace->steps.size(), 6u);
  EXPECT_EQ(trace->steps[2].packets, (std::vector<TracePacket>(2, {28, UrbStatus::ok})));
  const std::vector<TracePacket> came{{24, UrbStatus::ok},
                                      {20, UrbStatus::cross_device},
                                      {20, UrbStatus::cross_device},
                                      {20, UrbStatus::cross_device}};
  EXPECT_EQ(trace->steps[3].packets, came);
  EXPECT_EQ(trace->steps[4].value, 0x58333u);
  EXPECT_EQ(trace->steps[5].value, 256u);
}

TEST(UsbmonTrace, RefusesWhatItDoesNotKnow) {
  const std::string head = "device uac2\ndirection play\nrate 44100\nbuffer 64x2\n";
  for (const char* line : {"X 81\n", "S\n", "S 81 24x\n", "W\n", "S 81 *24\n", ""}) {
    EXPECT_FALSE(parse_usbmon_trace(head + line)) << line;
  }
}

}  // namespace
}  // namespace usbgw::simulation

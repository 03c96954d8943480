// `playout`, `packet_bytes` and `buffer_count`, of the attachment and of the export.
#include "common/ip_mtu.h"
#include "tests/simulation/audio_rig.h"

namespace usbgw::simulation::test {
namespace {

TEST(AudioKnobs, PacketBytesBoundEveryDatagramWithAudio) {
  for (const std::size_t packet_bytes : {std::size_t{256}, std::size_t{600}}) {
    SCOPED_TRACE(packet_bytes);
    const Format format{"packets", kUac2, kExplicit, 96000, 16};
    host::PlayoutConfig playout = AudioRig::fixed(3ms);
    playout.packet_bytes = packet_bytes;
    AudioRig rig(format, options_of(format), playout);
    rig.system->run_for(200ms);  // path probes are larger
    static_cast<void>(rig.system->take_largest_datagram());
    rig.system->run_for(500ms);
    const std::size_t largest = rig.system->take_largest_datagram();
    EXPECT_GT(largest, packet_bytes / 2);
    EXPECT_LE(largest, udp_payload(packet_bytes, true));
    rig.stop();
    rig.expect_exact(0.7, 96000);
    rig.expect_clean_end();
  }
}

host::StreamStatus in_status(AudioRig& rig) {
  const auto* status = rig.system->status();
  EXPECT_NE(status, nullptr);
  if (status == nullptr) return {};
  for (const auto& stream : status->streams)
    if (stream.endpoint == device::software::kAudioIn) return stream;
  return {};
}

TEST(AudioKnobs, BufferCountBoundsD) {
  const Format format{"buffers"};
  host::PlayoutConfig playout = AudioRig::fixed(20ms);
  playout.buffer_count = 64;
  AudioRig rig(format, options_of(format), playout);
  rig.system->run_for(1s);
  const auto stream = in_status(rig);
  EXPECT_EQ(stream.window_intervals, 64);
  EXPECT_EQ(stream.margin_reason, host::MarginReason::buffer_count);
  EXPECT_EQ(stream.margin, 2ms);
  EXPECT_EQ(stream.account.concealed, 0u);
  rig.stop();
  EXPECT_EQ(rig.program.breaks(), 0u);
}

TEST(AudioKnobs, ExportsPlayoutHoldsWhereTheAttachmentHasNone) {
  const Format format{"exported"};
  SystemConfig config;
  config.exported_playout = 7ms;
  host::PlayoutConfig playout = AudioRig::fixed(2ms);
  for (const auto origin : {host::PlayoutOrigin::by_default, host::PlayoutOrigin::attachment}) {
    const bool is_own = origin == host::PlayoutOrigin::attachment;
    playout.origin = origin;
    AudioRig rig(format, options_of(format), playout, config);
    rig.system->run_for(300ms);
    const auto stream = in_status(rig);
    EXPECT_EQ(stream.margin, is_own ? 2ms : 7ms);
    EXPECT_EQ(stream.margin_reason,
              is_own ? host::MarginReason::attachment : host::MarginReason::exported);
  }
}

TEST(AudioKnobs, ExportsPacketBytesBoundBothDirections) {
  const Format format{"exported", kUac2, kExplicit, 96000, 16};
  SystemConfig config;
  config.exported_packet_bytes = 400;
  host::PlayoutConfig playout = AudioRig::fixed(3ms);
  playout.packet_bytes = 1000;
  AudioRig rig(format, options_of(format), playout, config);
  rig.system->run_for(200ms);
  static_cast<void>(rig.system->take_largest_datagram());
  rig.system->run_for(300ms);
  EXPECT_LE(rig.system->take_largest_datagram(), udp_payload(400, true));
  rig.stop();
  rig.expect_exact(0.5, 96000);
}

}  // namespace
}  // namespace usbgw::simulation::test

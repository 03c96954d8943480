#include "usbside/host/jitter_buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "common/byte_order.h"
#include "usbside/host/concealment.h"

namespace usbgw::host {
namespace {

using wire::IntervalState;

class JitterBuffer : public ::testing::Test {
 protected:
  JitterBuffer() {
    format.is_pcm = true;
    format.channels = 2;
    format.subslot_bytes = 2;
    info.address = EndpointAddress{0x82};
    info.type = TransferType::isochronous;
    info.content = StreamContent::pcm;
    info.interval_bytes = 200;
    info.interval = std::chrono::milliseconds(1);
    info.audio = &format;
    info.sample_rate = 44100;
  }
  // 44.1 kHz at full speed: 44 frames, every tenth interval 45.
  static std::uint16_t true_length(std::int64_t index) {
    return static_cast<std::uint16_t>(index % 10 == 9 ? 180 : 176);
  }
  void receive(host::JitterBuffer& buffer, std::int64_t index, std::int64_t decided,
               bool with_history = true) {
    wire::IsochronousBody body;
    body.count = 1;
    body.intervals[0] = {true_length(index), IntervalState::ok};
    payload.assign(true_length(index), static_cast<std::byte>(index));
    body.payload = payload;
    for (std::int64_t i = with_history ? std::max<std::int64_t>(index - 16, 0) : index; i < index;
         ++i) {
      body.history[body.history_count++] = true_length(i);
    }
    last = buffer.receive(body, index, decided, Provenance::direct);
  }
  host::JitterBuffer::Packet take(host::JitterBuffer& buffer, std::int64_t index) {
    room.assign(200, std::byte{0xEE});
    return buffer.take(index, room);
  }

  wire::AudioFormat format;
  EndpointInfo info;
  std::vector<std::byte> payload;
  std::vector<std::byte> room;
  host::JitterBuffer::Received last;
};

TEST_F(JitterBuffer, LostIntervalWithHistory_HasItsTrueLength) {
  host::JitterBuffer buffer(info, 256);
  for (std::int64_t i = 0; i < 30; ++i) {
    if (i < 13 || i > 22) receive(buffer, i, 0);  // ten in a row are missing
  }
  for (std::int64_t i = 0; i < 30; ++i) EXPECT_EQ(take(buffer, i).actual, true_length(i)) << i;
  EXPECT_EQ(buffer.account().concealed, 10u);
  EXPECT_EQ(buffer.owed_bytes(), 0);
}

TEST_F(JitterBuffer, LengthLearntTooLate_IsRepaidFrameByFrame) {
  host::JitterBuffer buffer(info, 256);
  std::int64_t given = 0, due = 0;
  for (std::int64_t i = 0; i < 300; ++i) {
    // Intervals 100..114 never come; nothing is known of them when they are due.
    if (i < 100 || i > 114) receive(buffer, i, i, i > 114);
    given += take(buffer, i).actual;
    due += true_length(i);
  }
  EXPECT_EQ(buffer.account().concealed, 15u);
  EXPECT_EQ(given, due);
  EXPECT_EQ(buffer.owed_bytes(), 0);
}

TEST_F(JitterBuffer, NothingKnownForLong_NominalSequenceKeepsTheRate) {
  host::JitterBuffer buffer(info, 256);
  std::int64_t given = 0, due = 0;
  for (std::int64_t i = 0; i < 10000; ++i) {
    if (i < 1000) receive(buffer, i, i);
    const auto packet = take(buffer, i);
    EXPECT_TRUE(packet.actual == 176 || packet.actual == 180);
    given += packet.actual;
    due += true_length(i);
  }
  EXPECT_NEAR(static_cast<double>(given), static_cast<double>(due), 8);
}

TEST_F(JitterBuffer, LeadIn_IsSilenceAtTheSampleRate) {
  host::JitterBuffer buffer(info, 256);
  std::int64_t given = 0;
  for (int i = 0; i < 1000; ++i) {
    room.assign(200, std::byte{0xEE});
    const auto packet = buffer.lead_in(room);
    given += packet.actual;
    EXPECT_EQ(packet.status, UrbStatus::ok);
    EXPECT_EQ(room[0], std::byte{0});
  }
  EXPECT_NEAR(static_cast<double>(given), 44100 * 4, 4);
  EXPECT_EQ(buffer.account().lead_in, 1000u);
}

TEST_F(JitterBuffer, IntervalAfterItsDeadline_CountsAsLateOnce) {
  host::JitterBuffer buffer(info, 256);
  receive(buffer, 0, 0);
  take(buffer, 0);
  take(buffer, 1);
  receive(buffer, 1, 2);
  EXPECT_EQ(last.late, 1u);
  EXPECT_EQ(last.newest_late, 1);
  EXPECT_EQ(buffer.account().late, 1u);
  receive(buffer, 0, 2);  // came in time; a copy of it is nobody's miss
  EXPECT_EQ(last.late, 0u);
}

TEST_F(JitterBuffer, Fragments_AreOneInterval) {
  info.interval_bytes = 1000;
  host::JitterBuffer buffer(info, 64);
  std::vector<std::byte> all(900);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i);
  for (const std::size_t at : {std::size_t{600}, std::size_t{0}, std::size_t{300}}) {
    wire::IsochronousBody body;
    body.count = 1;
    body.is_fragment = true;
    body.is_last_fragment = at == 600;
    body.fragment_offset = static_cast<std::uint16_t>(at);
    body.intervals[0] = {900, IntervalState::ok};
    body.payload = std::span(all).subspan(at, 300);
    buffer.receive(body, 7, 0, at == 0 ? Provenance::repaired : Provenance::direct);
  }
  std::vector<std::byte> to(1000);
  EXPECT_EQ(buffer.take(7, to).actual, 900u);
  EXPECT_TRUE(std::equal(all.begin(), all.end(), to.begin()));
  EXPECT_EQ(buffer.account().repaired, 1u);
}

TEST_F(JitterBuffer, IntervalLongerThanTheUrbsPacket_Overflows) {
  host::JitterBuffer buffer(info, 64);
  receive(buffer, 0, 0);
  std::vector<std::byte> to(100);
  const auto packet = buffer.take(0, to);
  EXPECT_EQ(packet.actual, 100u);
  EXPECT_EQ(packet.status, UrbStatus::overflow);
}

TEST_F(JitterBuffer, LengthsBeyondTheEndpoint_AreIgnored) {
  host::JitterBuffer buffer(info, 64);
  std::vector<std::byte> bytes(500);
  wire::IsochronousBody body;
  body.count = 1;
  body.intervals[0] = {500, IntervalState::ok};
  body.payload = bytes;
  body.history_count = 1;
  body.history[0] = 65535;
  buffer.receive(body, 1, 0, Provenance::direct);
  EXPECT_LE(take(buffer, 0).actual, 200u);
  EXPECT_LE(take(buffer, 1).actual, 200u);
  EXPECT_EQ(buffer.account().concealed, 2u);
}

TEST_F(JitterBuffer, BusError_IsConcealedAtTheNominalLength) {
  host::JitterBuffer buffer(info, 256);
  std::int64_t given = 0;
  for (std::int64_t i = 0; i < 1000; ++i) {
    if (i % 100 != 50) {
      receive(buffer, i, i);
    } else {
      wire::IsochronousBody body;
      body.count = 1;
      body.intervals[0] = {0, IntervalState::error};
      buffer.receive(body, i, i, Provenance::direct);
    }
    const auto packet = take(buffer, i);
    EXPECT_EQ(packet.status, UrbStatus::ok);
    EXPECT_GE(packet.actual, 176u) << i;
    given += packet.actual;
  }
  EXPECT_EQ(buffer.account().concealed, 10u);
  EXPECT_EQ(buffer.account().direct, 990u);
  EXPECT_NEAR(static_cast<double>(given), 44100 * 4, 12);
  EXPECT_EQ(buffer.owed_bytes(), 0);
}

TEST_F(JitterBuffer, ShortOutage_RepeatsWhatWasHeardAndFades) {
  host::JitterBuffer buffer(info, 256);
  for (std::int64_t i = 0; i < 20; ++i) receive(buffer, i, 0);
  for (std::int64_t i = 0; i < 20; ++i) take(buffer, i);
  const auto loudness = [&](std::int64_t i) {
    take(buffer, i);
    return static_cast<std::int16_t>(load_le<std::uint16_t>(room.data()));
  };
  EXPECT_EQ(loudness(20), 0x1010);  // of interval 16
  std::int16_t before = INT16_MAX;
  for (std::int64_t i = 21; i < 30; ++i) {
    const auto now = loudness(i);
    EXPECT_GE(now, 0);
    if (i % 4 == 1) {  // begins the same repeat again
      EXPECT_LT(now, before) << i;
      before = now;
    }
  }
  for (std::int64_t i = 30; i < 100; ++i) EXPECT_EQ(loudness(i), 0) << i;
  receive(buffer, 100, 100);
  EXPECT_EQ(loudness(100), 0x6464);  // and what comes is heard at once, unaltered
}

TEST_F(JitterBuffer, LossAfterADeviceGap_RepeatsItsSilenceAndNothingOlder) {
  host::JitterBuffer buffer(info, 64);
  for (std::int64_t i = 0; i < 70; ++i) {
    if (i < 60) {
      receive(buffer, i, i);
    } else {
      wire::IsochronousBody body;
      body.count = 1;
      body.intervals[0] = {0, IntervalState::device_gap};
      buffer.receive(body, i, i, Provenance::direct);
    }
    take(buffer, i);
  }
  const auto packet = take(buffer, 70);
  ASSERT_GE(packet.actual, 176u);
  for (std::size_t i = 0; i < packet.actual; ++i) EXPECT_EQ(room[i], std::byte{0}) << i;
}

TEST_F(JitterBuffer, AudioThatIsNotLinear_KeepsItsTrueLengthAndIsZero) {
  info.content = StreamContent::audio;
  info.audio = nullptr;
  host::JitterBuffer buffer(info, 256);
  for (std::int64_t i = 0; i < 30; ++i) {
    if (i < 13 || i > 22) receive(buffer, i, 0);
  }
  for (std::int64_t i = 0; i < 30; ++i) {
    const auto packet = take(buffer, i);
    EXPECT_EQ(packet.status, UrbStatus::ok);
    EXPECT_EQ(packet.actual, true_length(i)) << i;
    const auto value = i < 13 || i > 22 ? static_cast<std::byte>(i) : std::byte{0};
    EXPECT_EQ(room[0], value) << i;
    EXPECT_EQ(room[packet.actual - 1], value) << i;
  }
}

TEST_F(JitterBuffer, Video_MissingOrCutIntervalsAreEmptyAndMissed) {
  info.content = StreamContent::other;
  info.audio = nullptr;
  host::JitterBuffer buffer(info, 64);
  wire::IsochronousBody body;
  body.count = 1;
  std::vector<std::byte> bytes(100);
  body.payload = bytes;
  body.is_fragment = true;  // the first of two
  body.intervals[0] = {200, IntervalState::ok};
  buffer.receive(body, 1, 0, Provenance::direct);
  body = {};
  body.count = 1;
  body.intervals[0] = {0, IntervalState::device_gap};
  buffer.receive(body, 2, 0, Provenance::direct);
  for (const std::int64_t index : {0, 1, 2}) {
    const auto packet = take(buffer, index);
    EXPECT_EQ(packet.actual, 0u) << index;
    EXPECT_EQ(packet.status, UrbStatus::cross_device) << index;
  }
  room.assign(200, std::byte{});
  EXPECT_EQ(buffer.lead_in(room).status, UrbStatus::cross_device);
  EXPECT_EQ(buffer.account().concealed, 2u);
  EXPECT_EQ(buffer.account().device_gap, 1u);
}

TEST_F(JitterBuffer, OtherRate_IsTheNominalOneAtOnce) {
  host::JitterBuffer buffer(info, 256);
  for (std::int64_t i = 0; i < 100; ++i) {
    receive(buffer, i, i);
    take(buffer, i);
  }
  buffer.set_sample_rate(22050);
  std::int64_t given = 0;
  for (std::int64_t i = 100; i < 1100; ++i) given += take(buffer, i).actual;
  EXPECT_NEAR(static_cast<double>(given), 22050 * 4, 4);
}

TEST(Concealment, RepeatsWithFallingGain) {
  wire::AudioFormat format;
  format.channels = 1;
  format.subslot_bytes = 3;
  std::vector<std::byte> from(9), to(12);
  const int samples[] = {1000, -1000, 8'000'000};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto raw = static_cast<std::uint32_t>(samples[i]);
    for (std::size_t k = 0; k < 3; ++k)
      from[3 * i + k] = static_cast<std::byte>(raw >> 8 * k & 0xFF);
  }
  conceal_pcm(format, from, 1.0, 0.0, to);
  const auto sample = [&](std::size_t i) {
    std::uint32_t raw = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      raw |= std::to_integer<std::uint32_t>(to[3 * i + k]) << (8 * k + 8);
    }
    return static_cast<std::int32_t>(raw) >> 8;
  };
  EXPECT_EQ(sample(0), 1000);
  EXPECT_EQ(sample(1), -750);
  EXPECT_EQ(sample(2), 4'000'000);
  EXPECT_EQ(sample(3), 250);
}

TEST(Concealment, OffsetBinary_FadesToItsOwnSilence) {
  wire::AudioFormat format;
  format.channels = 1;
  format.subslot_bytes = 1;
  format.silence = std::byte{0x80};
  const std::vector<std::byte> from{std::byte{0xFF}, std::byte{0x00}, std::byte{0x80}};
  std::vector<std::byte> to(3);
  conceal_pcm(format, from, 0.5, 0.5, to);
  EXPECT_EQ(to, (std::vector<std::byte>{std::byte{0xC0}, std::byte{0x40}, std::byte{0x80}}));
  conceal_pcm(format, from, 0, 0, to);
  EXPECT_EQ(to, std::vector<std::byte>(3, std::byte{0x80}));
}

template <class Float>
void expect_floats_fade() {
  wire::AudioFormat format;
  format.channels = 1;
  format.is_float = true;
  format.subslot_bytes = sizeof(Float);
  const std::array<Float, 4> from{Float{0.5}, Float{-1}, std::numeric_limits<Float>::quiet_NaN(),
                                  -std::numeric_limits<Float>::infinity()};
  std::array<Float, 4> to{};
  conceal_pcm(format, std::as_bytes(std::span(from)), 0.5, 0.5,
              std::as_writable_bytes(std::span(to)));
  EXPECT_EQ(to, (std::array<Float, 4>{Float{0.25}, Float{-0.5}, Float{0}, Float{0}}));
}

TEST(Concealment, FloatingPoint_FadesAsNumbers) {
  expect_floats_fade<float>();
  expect_floats_fade<double>();
}

TEST(Concealment, NothingToRepeatOrOddWidth_IsSilence) {
  wire::AudioFormat format;
  format.channels = 1;
  format.is_float = true;
  format.subslot_bytes = 2;
  std::vector<std::byte> from(4, std::byte{0xFF}), to(4);
  conceal_pcm(format, from, 1, 1, to);
  EXPECT_EQ(to, std::vector<std::byte>(4));
  format.is_float = false;
  conceal_pcm(format, {}, 1, 1, to);
  EXPECT_EQ(to, std::vector<std::byte>(4));
}

}  // namespace
}  // namespace usbgw::host

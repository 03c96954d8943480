#include "usbside/device/software/usbip_peer.h"

#include <gtest/gtest.h>

#include <map>

#include "common/byte_order.h"
#include "common/random.h"
#include "usbside/device/software/audio_function.h"
#include "usbside/device/software/catalogue.h"

namespace usbgw::device::software {
namespace {

namespace usbip = wire::usbip;
using std::chrono::microseconds;
using std::chrono::milliseconds;

std::unique_ptr<Function> make(std::string name) {
  DeviceOptions options;
  options.name = std::move(name);
  return std::move(*make_function(options));
}

struct Answer {
  usbip::SubmitReply reply;
  std::vector<std::byte> data;
  std::vector<usbip::IsoDescriptor> packets;
};

// The kernel's end: remembers what it submitted, reads answers as vhci_rx does.
class Kernel : public usbip::SubmittedUrbs {
 public:
  explicit Kernel(Function& function) : peer(function, {}), reader_(*this) {}

  std::optional<usbip::SubmittedShape> find(std::uint32_t seqnum) const override {
    const auto found = shapes_.find(seqnum);
    if (found == shapes_.end()) return std::nullopt;
    return found->second;
  }

  std::uint32_t submit(usbip::Submit submit, std::span<const std::byte> data = {},
                       const std::vector<usbip::IsoDescriptor>& packets = {}) {
    submit.seqnum = ++seqnum_;
    if (!packets.empty()) submit.number_of_packets = static_cast<std::int32_t>(packets.size());
    append(usbip::encode(submit));
    append(data);
    for (const auto& packet : packets) {
      std::array<std::byte, usbip::kIsoDescriptorBytes> bytes{};
      usbip::encode(packet, bytes);
      append(bytes);
    }
    shapes_[submit.seqnum] = {submit.endpoint.is_in(), !packets.empty(), submit.length};
    return submit.seqnum;
  }
  std::uint32_t unlink(std::uint32_t seqnum) {
    append(usbip::encode(usbip::Unlink{++seqnum_, 0, seqnum}));
    return seqnum_;
  }
  // Hands over what was sent, in pieces of `chunk`, and takes the answers.
  void turn(std::size_t chunk = 1 << 20) {
    std::span<const std::byte> rest = to_peer_;
    do {
      const auto room = peer.room();
      const std::size_t count = std::min({chunk, room.size(), rest.size()});
      std::copy_n(rest.begin(), count, room.begin());
      peer.commit(count);
      rest = rest.subspan(count);
      ASSERT_TRUE(peer.process(now).has_value());
      read_answers();
    } while (!rest.empty());
    to_peer_.clear();
  }
  void wait(Duration duration) {
    const Instant end = now + duration;
    while (peer.next_deadline() <= end) {
      now = std::max(now, peer.next_deadline());
      peer.advance(now);
      read_answers();
    }
    now = end;
    peer.advance(now);
    read_answers();
  }
  std::vector<std::byte> control_in(const SetupPacket& setup) {
    usbip::Submit submit;
    submit.endpoint = EndpointAddress(0x80);
    submit.setup = setup;
    submit.length = setup.length;
    const auto seqnum = this->submit(submit);
    turn();
    EXPECT_TRUE(answers.contains(seqnum));
    return answers[seqnum].data;
  }
  void control_out(const SetupPacket& setup) {
    usbip::Submit submit;
    submit.setup = setup;
    const auto seqnum = this->submit(submit);
    turn();
    EXPECT_EQ(answers.at(seqnum).reply.status, UrbStatus::ok);
  }

  Instant now{};
  UsbipPeer peer;
  std::map<std::uint32_t, Answer> answers;
  std::map<std::uint32_t, UrbStatus> unlinked;
  std::vector<std::uint32_t> order;  // seqnums of everything that was answered

 private:
  void append(std::span<const std::byte> bytes) {
    to_peer_.insert(to_peer_.end(), bytes.begin(), bytes.end());
  }
  void read_answers() {
    auto output = peer.output();
    while (!output.empty()) {
      const auto room = reader_.room();
      const std::size_t count = std::min<std::size_t>({output.size(), room.size(), 777});
      std::copy_n(output.begin(), count, room.begin());
      reader_.commit(count);
      peer.written(count);
      output = peer.output();
      for (;;) {
        const auto pdu = reader_.next();
        ASSERT_TRUE(pdu.has_value()) << "vhci would disconnect";
        if (!*pdu) break;
        take(**pdu);
      }
    }
  }
  void take(const usbip::ReplyPdu& pdu) {
    if (const auto* reply = std::get_if<usbip::UnlinkReply>(&pdu.reply)) {
      EXPECT_FALSE(unlinked.contains(reply->seqnum));
      unlinked[reply->seqnum] = reply->status;
      order.push_back(reply->seqnum);
      return;
    }
    const auto& reply = std::get<usbip::SubmitReply>(pdu.reply);
    EXPECT_FALSE(answers.contains(reply.seqnum));
    Answer answer{reply, {pdu.data.begin(), pdu.data.end()}, {}};
    for (std::size_t i = 0; i < pdu.packets.size(); ++i) answer.packets.push_back(pdu.packets[i]);
    answers[reply.seqnum] = std::move(answer);
    shapes_.erase(reply.seqnum);  // given back: a second answer would disconnect
    order.push_back(reply.seqnum);
  }

  std::uint32_t seqnum_ = 0;
  std::vector<std::byte> to_peer_;
  std::map<std::uint32_t, usbip::SubmittedShape> shapes_;
  usbip::ReplyReader reader_;
};

void configure_audio(Kernel& kernel) {
  kernel.control_out({0x00, 9, 1, 0, 0});
  kernel.control_out({0x01, 11, 1, kAudioOutInterface, 0});
  kernel.control_out({0x01, 11, 1, kAudioInInterface, 0});
}

std::uint32_t record(Kernel& kernel, std::uint32_t packets) {
  usbip::Submit submit;
  submit.endpoint = kAudioIn;
  submit.length = packets * 400;
  submit.interval = 1;
  std::vector<usbip::IsoDescriptor> descriptors;
  for (std::uint32_t i = 0; i < packets; ++i) {
    descriptors.push_back({i * 400, 400, 0, UrbStatus::ok});
  }
  return kernel.submit(submit, {}, descriptors);
}

TEST(UsbipPeer, EnumeratesAsAKernelDoes) {
  auto function = make("uac2");
  Kernel kernel(*function);
  EXPECT_EQ(kernel.control_in({0x80, 6, 0x0100, 0, 64}), function->description().device);
  const auto head = kernel.control_in({0x80, 6, 0x0200, 0, 9});
  ASSERT_EQ(head.size(), 9u);
  const auto whole = kernel.control_in({0x80, 6, 0x0200, 0, load_le<std::uint16_t>(&head[2])});
  EXPECT_EQ(whole, function->description().configuration);
  EXPECT_EQ(kernel.control_in({0x80, 6, 0x0300, 0, 255}).size(), 4u);
  EXPECT_EQ(kernel.control_in({0x80, 6, 0x0302, 0x0409, 255}).size(), 2u + 2u * 4u);
  EXPECT_EQ(kernel.control_in({0x80, 6, 0x0600, 0, 10}).size(), 10u);
  kernel.control_out({0x00, 9, 1, 0, 0});
  EXPECT_EQ(kernel.control_in({0x80, 8, 0, 0, 1}), std::vector{std::byte{1}});
  EXPECT_EQ(kernel.control_in({0x81, 10, 0, 1, 1}), std::vector{std::byte{0}});
}

TEST(UsbipPeer, UnknownRequestStalls) {
  auto function = make("uac1");
  Kernel kernel(*function);
  usbip::Submit submit;
  submit.endpoint = EndpointAddress(0x80);
  submit.setup = {0xC0, 0x77, 0, 0, 8};
  submit.length = 8;
  const auto seqnum = kernel.submit(submit);
  kernel.turn();
  EXPECT_EQ(kernel.answers.at(seqnum).reply.status, UrbStatus::stall);
}

TEST(UsbipPeer, IsochronousInIsPackedAndEchoesItsDescriptors) {
  auto function = make("uac2");
  Kernel kernel(*function);
  configure_audio(kernel);
  const auto first = record(kernel, 8);
  const auto second = record(kernel, 8);
  kernel.turn();
  EXPECT_FALSE(kernel.answers.contains(first));
  kernel.wait(milliseconds(1) - microseconds(1));
  EXPECT_FALSE(kernel.answers.contains(first));
  kernel.wait(microseconds(1));
  ASSERT_TRUE(kernel.answers.contains(first));
  EXPECT_FALSE(kernel.answers.contains(second));
  const Answer& answer = kernel.answers[first];
  EXPECT_EQ(answer.data.size(), 192u);  // 48 frames
  ASSERT_EQ(answer.packets.size(), 8u);
  EXPECT_EQ(answer.packets[7], (usbip::IsoDescriptor{2800, 400, 24, UrbStatus::ok}));
  EXPECT_EQ(load_le<std::uint32_t>(answer.data.data()), 1u);
  EXPECT_EQ(load_le<std::uint32_t>(answer.data.data() + 188), 48u);
}

TEST(UsbipPeer, LateWakeServesIntervalsInOrderForTheirTimes) {
  auto function = make("uac2");
  Kernel kernel(*function);
  configure_audio(kernel);
  const auto first = record(kernel, 8);
  kernel.turn();
  kernel.wait(microseconds(500));
  // The process sleeps through a completion; meanwhile the next URB has come in time.
  const auto second = record(kernel, 8);
  kernel.now += milliseconds(5);
  kernel.turn();
  EXPECT_EQ(kernel.order, (std::vector<std::uint32_t>{1, 2, 3, first, second}));
  EXPECT_EQ(load_le<std::uint32_t>(kernel.answers[second].data.data()), 49u);
}

TEST(UsbipPeer, PendingUrbIsUnlinkedWithoutASubmitReply) {
  auto function = make("uac1");
  Kernel kernel(*function);
  configure_audio(kernel);
  const auto urb = record(kernel, 4);
  kernel.turn();
  kernel.wait(milliseconds(2));
  const auto unlink = kernel.unlink(urb);
  kernel.turn();
  kernel.wait(milliseconds(20));
  EXPECT_EQ(kernel.unlinked.at(unlink), UrbStatus::connection_reset);
  EXPECT_FALSE(kernel.answers.contains(urb));
}

TEST(UsbipPeer, AnsweredAndUnknownUrbsAreUnlinkedWithZeroBehindTheirReply) {
  auto function = make("uac1");
  Kernel kernel(*function);
  configure_audio(kernel);
  const auto urb = record(kernel, 1);
  kernel.turn();
  kernel.now += milliseconds(3);  // completes in the turn that also brings the unlink
  const auto unlink = kernel.unlink(urb);
  const auto unknown = kernel.unlink(4711);
  kernel.turn();
  EXPECT_EQ(kernel.unlinked.at(unlink), UrbStatus::ok);
  EXPECT_EQ(kernel.unlinked.at(unknown), UrbStatus::ok);
  ASSERT_TRUE(kernel.answers.contains(urb));
  EXPECT_EQ(kernel.order, (std::vector<std::uint32_t>{1, 2, 3, urb, unlink, unknown}));
}

TEST(UsbipPeer, RandomSubmitsAndUnlinksInRandomPiecesAnswerEveryUrbOnce) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    auto function = make(seed % 2 == 0 ? "uac1" : "uac2");
    Kernel kernel(*function);
    configure_audio(kernel);
    std::vector<std::uint32_t> live;
    std::map<std::uint32_t, std::uint32_t> unlinks;  // CMD_UNLINK -> URB
    for (int i = 0; i < 300; ++i) {
      if (random.chance(0.6)) {
        live.push_back(record(kernel, 1 + static_cast<std::uint32_t>(random.below(4))));
      } else if (!live.empty()) {
        const auto at = random.below(live.size());
        unlinks[kernel.unlink(live[at])] = live[at];
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
      }
      kernel.turn(1 + random.below(200));
      if (random.chance(0.5)) kernel.wait(microseconds(random.below(3000)));
    }
    kernel.wait(std::chrono::seconds(2));
    for (const auto seqnum : live) {
      EXPECT_TRUE(kernel.answers.contains(seqnum)) << "seed " << seed;
    }
    for (const auto& [unlink, urb] : unlinks) {
      ASSERT_TRUE(kernel.unlinked.contains(unlink)) << "seed " << seed;
      const bool is_taken_back = kernel.unlinked[unlink] == UrbStatus::connection_reset;
      EXPECT_NE(is_taken_back, kernel.answers.contains(urb)) << "seed " << seed;
    }
  }
}

TEST(UsbipPeer, UrbThatIsTooLargeIsRefusedAndTheDeviceLives) {
  auto function = make("uac1");
  Kernel kernel(*function);
  usbip::Submit submit;
  submit.endpoint = EndpointAddress(0x80);
  submit.length = 8u << 20;
  const auto in = kernel.submit(submit);
  const std::vector<std::byte> data(5u << 20);
  submit.endpoint = EndpointAddress(0x00);
  submit.length = static_cast<std::uint32_t>(data.size());
  const auto out = kernel.submit(submit, data);
  kernel.turn();
  EXPECT_NE(kernel.answers.at(in).reply.status, UrbStatus::ok);
  EXPECT_NE(kernel.answers.at(out).reply.status, UrbStatus::ok);
  EXPECT_EQ(kernel.control_in({0x80, 6, 0x0100, 0, 18}).size(), 18u);
}

}  // namespace
}  // namespace usbgw::device::software

#include "tests/usbside/host/fake_vhci.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace usbgw::host::test {

using wire::usbip::IsoDescriptor;
using wire::usbip::kIsoDescriptorBytes;

FakeVhci::FakeVhci() : reader_(*this) {}

std::uint32_t FakeVhci::submit(EndpointAddress endpoint, std::uint32_t length,
                               std::span<const std::byte> data, std::uint32_t flags) {
  wire::usbip::Submit submit;
  submit.endpoint = endpoint;
  submit.length = length;
  submit.flags = flags;
  send(submit, data, {}, false);
  return seqnum_;
}

std::uint32_t FakeVhci::submit_control(const SetupPacket& setup, std::span<const std::byte> data) {
  wire::usbip::Submit submit;
  submit.endpoint = EndpointAddress(0, setup.is_in() ? Direction::in : Direction::out);
  submit.length = setup.length;
  submit.setup = setup;
  send(submit, data, {}, false);
  return seqnum_;
}

std::uint32_t FakeVhci::submit_iso(EndpointAddress endpoint, std::span<const std::uint32_t> lengths,
                                   std::span<const std::byte> data) {
  wire::usbip::Submit submit;
  submit.endpoint = endpoint;
  submit.number_of_packets = static_cast<std::int32_t>(lengths.size());
  std::vector<IsoDescriptor> packets;
  for (const std::uint32_t length : lengths) {
    packets.push_back({submit.length, length, 0, UrbStatus::ok});
    submit.length += length;
  }
  send(submit, data, std::move(packets), true);
  return seqnum_;
}

void FakeVhci::send(const wire::usbip::Submit& submit_in, std::span<const std::byte> data,
                    std::vector<IsoDescriptor> packets, bool is_isochronous) {
  auto submit = submit_in;
  submit.seqnum = ++seqnum_;
  send_raw(wire::usbip::encode(submit));
  send_raw(data);
  for (const IsoDescriptor& packet : packets) {
    std::array<std::byte, kIsoDescriptorBytes> bytes;
    wire::usbip::encode(packet, bytes);
    send_raw(bytes);
  }
  submitted_[seqnum_] = {{submit.endpoint.is_in(), is_isochronous, submit.length},
                         std::move(packets)};
}

std::uint32_t FakeVhci::unlink(std::uint32_t seqnum) {
  wire::usbip::Unlink unlink;
  unlink.seqnum = ++seqnum_;
  unlink.unlink_seqnum = seqnum;
  unlinks_[seqnum_] = seqnum;
  send_raw(wire::usbip::encode(unlink));
  return seqnum_;
}

void FakeVhci::send_raw(std::span<const std::byte> bytes) {
  to_host_.insert(to_host_.end(), bytes.begin(), bytes.end());
}

Answer FakeVhci::take() {
  if (answers_.empty()) {
    ADD_FAILURE() << "vhci waits for an answer that has not come";
    return {};
  }
  Answer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

std::size_t FakeVhci::read(std::span<std::byte> to) {
  const std::size_t bytes = std::min(to.size(), to_host_.size());
  std::copy_n(to_host_.begin(), bytes, to.begin());
  to_host_.erase(to_host_.begin(), to_host_.begin() + static_cast<std::ptrdiff_t>(bytes));
  return bytes;
}

bool FakeVhci::write(std::span<const std::byte> head, std::span<const std::byte> payload,
                     std::span<const std::byte> tail) {
  if (closed || refuse_writes) return false;
  for (const auto part : {head, payload, tail}) {
    const auto room = reader_.room();
    EXPECT_LE(part.size(), room.size());
    std::copy(part.begin(), part.end(), room.begin());
    reader_.commit(part.size());
  }
  const auto pdu = reader_.next();
  EXPECT_TRUE(pdu) << "vhci would disconnect";
  EXPECT_TRUE(pdu && *pdu) << "a write that is not one whole PDU";
  if (pdu && *pdu) take_reply(**pdu);
  const auto rest = reader_.next();
  EXPECT_TRUE(rest && !*rest) << "bytes behind the PDU";
  return true;
}

std::optional<wire::usbip::SubmittedShape> FakeVhci::find(std::uint32_t seqnum) const {
  const auto found = submitted_.find(seqnum);
  if (found == submitted_.end()) return std::nullopt;
  return found->second.shape;
}

void FakeVhci::take_reply(const wire::usbip::ReplyPdu& pdu) {
  Answer answer;
  if (const auto* reply = std::get_if<wire::usbip::SubmitReply>(&pdu.reply)) {
    answer.seqnum = reply->seqnum;
    answer.status = reply->status;
    answer.actual = reply->actual;
    answer.data.assign(pdu.data.begin(), pdu.data.end());
    for (std::size_t i = 0; i < pdu.packets.size(); ++i) answer.packets.push_back(pdu.packets[i]);
    check_packets(submitted_[reply->seqnum], answer);
    EXPECT_EQ(submitted_.erase(reply->seqnum), 1u) << "answered twice: " << reply->seqnum;
  } else {
    const auto& unlink = std::get<wire::usbip::UnlinkReply>(pdu.reply);
    answer.seqnum = unlink.seqnum;
    answer.is_unlink = true;
    answer.status = unlink.status;
    const auto asked = unlinks_.find(unlink.seqnum);
    EXPECT_NE(asked, unlinks_.end()) << "RET_UNLINK that nobody asked for";
    if (asked == unlinks_.end()) return;
    if (unlink.status == UrbStatus::ok) {
      EXPECT_EQ(submitted_.count(asked->second), 0u) << "RET_UNLINK(0) for an URB that is pending";
    } else {
      EXPECT_EQ(submitted_.erase(asked->second), 1u) << "unlinked what was answered";
    }
    unlinks_.erase(asked);
  }
  answers_.push_back(std::move(answer));
}

void FakeVhci::check_packets(const Submitted& submitted, const Answer& answer) {
  ASSERT_EQ(answer.packets.size(), submitted.packets.size());
  for (std::size_t i = 0; i < answer.packets.size(); ++i) {
    EXPECT_EQ(answer.packets[i].offset, submitted.packets[i].offset);
    EXPECT_EQ(answer.packets[i].length, submitted.packets[i].length);
    EXPECT_LE(answer.packets[i].actual, submitted.packets[i].length);
  }
}

}  // namespace usbgw::host::test

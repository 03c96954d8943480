// The kernel's side of the socket: submits and unlinks URBs as vhci_hcd does, reads the answers as
// strictly as vhci_rx.c does (through wire/usbip_reader.h), and fails the test where a real vhci
// would disconnect the device or an URB is answered twice.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "usbside/host/vhci_socket.h"
#include "wire/usbip_reader.h"

namespace usbgw::host::test {

struct Answer {
  std::uint32_t seqnum = 0;
  bool is_unlink = false;  // RET_UNLINK
  UrbStatus status = UrbStatus::ok;
  std::uint32_t actual = 0;
  std::vector<std::byte> data;
  std::vector<wire::usbip::IsoDescriptor> packets;
};

class FakeVhci final : public VhciSocket, private wire::usbip::SubmittedUrbs {
 public:
  FakeVhci();

  std::uint32_t submit(EndpointAddress endpoint, std::uint32_t length,
                       std::span<const std::byte> data = {}, std::uint32_t flags = 0);
  std::uint32_t submit_control(const SetupPacket& setup, std::span<const std::byte> data = {});
  // `lengths`: of the packets, back to back. OUT: `data` holds them all.
  std::uint32_t submit_iso(EndpointAddress endpoint, std::span<const std::uint32_t> lengths,
                           std::span<const std::byte> data = {});
  // The seqnum of the CMD_UNLINK.
  std::uint32_t unlink(std::uint32_t seqnum);
  void send_raw(std::span<const std::byte> bytes);

  // The oldest answer not taken yet; fails the test when there is none.
  Answer take();
  [[nodiscard]] bool has_answer() const { return !answers_.empty(); }
  [[nodiscard]] std::size_t pending() const { return submitted_.size(); }

  [[nodiscard]] std::size_t read(std::span<std::byte> to) override;
  [[nodiscard]] bool write(std::span<const std::byte> head, std::span<const std::byte> payload,
                           std::span<const std::byte> tail) override;
  std::size_t flush() override { return 0; }
  [[nodiscard]] bool is_closed() const override { return closed; }

  bool closed = false;
  bool refuse_writes = false;

 private:
  struct Submitted {
    wire::usbip::SubmittedShape shape;
    std::vector<wire::usbip::IsoDescriptor> packets;
  };
  [[nodiscard]] std::optional<wire::usbip::SubmittedShape> find(
      std::uint32_t seqnum) const override;
  void send(const wire::usbip::Submit& submit, std::span<const std::byte> data,
            std::vector<wire::usbip::IsoDescriptor> packets, bool is_isochronous);
  void take_reply(const wire::usbip::ReplyPdu& pdu);
  void check_packets(const Submitted& submitted, const Answer& answer);

  std::uint32_t seqnum_ = 0;
  std::deque<std::byte> to_host_;
  std::map<std::uint32_t, Submitted> submitted_;
  std::map<std::uint32_t, std::uint32_t> unlinks_;  // CMD_UNLINK seqnum -> URB
  std::deque<Answer> answers_;
  wire::usbip::ReplyReader reader_;
};

}  // namespace usbgw::host::test

// A software device as the far end of vhci's socket: USB/IP in, USB/IP out, no socket. One thread.
//
//   read into room(), commit(), process(now); write output(), written(); advance(now) at
//   next_deadline()
//
// Unlink, as vhci_hcd.c and stub_rx.c want it: a pending URB is answered by RET_UNLINK alone, with
// -ECONNRESET; one that is already answered by RET_UNLINK 0 behind its RET_SUBMIT. A URB that had
// already moved data is answered with that data first, because RET_UNLINK carries none.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "usbside/device/software/software_bus.h"
#include "wire/usbip_reader.h"

namespace usbgw::device::software {

class UsbipPeer {
 public:
  UsbipPeer(Function& function, const BusConfig& config);

  [[nodiscard]] std::span<std::byte> room() { return reader_.room(); }
  void commit(std::size_t bytes) { reader_.commit(bytes); }
  // Takes every whole PDU. An error names what the kernel sent; the stream is then lost.
  [[nodiscard]] Result<void> process(Instant now);

  void advance(Instant now);
  [[nodiscard]] Instant next_deadline() const { return bus_.next_deadline(); }

  [[nodiscard]] std::span<const std::byte> output() const {
    return std::span(output_).subspan(output_taken_);
  }
  void written(std::size_t bytes);
  [[nodiscard]] const SoftwareBus& bus() const { return bus_; }

 private:
  struct Pending {
    std::uint32_t seqnum = 0;
    bool is_in = false;
    bool is_isochronous = false;
    std::vector<std::byte> data;
    BusUrb urb;
  };
  void submit(const wire::usbip::Submit& submit, const wire::usbip::CommandPdu& pdu, Instant now);
  void refuse(const wire::usbip::Submit& submit);
  void unlink(const wire::usbip::Unlink& unlink);
  void answer_completed();
  void answer(const Pending& pending);
  void append(std::span<const std::byte> bytes);
  [[nodiscard]] std::unique_ptr<Pending> take_slot();
  void give_back(std::uint32_t seqnum);

  SoftwareBus bus_;
  wire::usbip::CommandReader reader_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Pending>> pending_;
  std::unordered_map<const BusUrb*, std::uint32_t> seqnums_;
  std::vector<std::unique_ptr<Pending>> spare_;
  std::vector<std::byte> output_;
  std::size_t output_taken_ = 0;
};

}  // namespace usbgw::device::software

// The only writer of RET_SUBMIT and RET_UNLINK. An answer passes the guard, goes to vhci in one
// write, and takes its URB out of the ledger; what the guard refuses goes out as -EPROTO and is
// counted.
#pragma once

#include <cstdint>
#include <vector>

#include "usbside/host/completion_guard.h"
#include "usbside/host/urb_ledger.h"
#include "usbside/host/vhci_socket.h"

namespace usbgw::host {

struct AnswerCounts {
  std::uint64_t answered = 0;
  std::uint64_t unlinked = 0;
  std::uint64_t refused = 0;
};

class UrbAnswerer {
 public:
  UrbAnswerer(UrbLedger& ledger, VhciSocket& socket);

  // The URB ends with RET_SUBMIT; the caller has taken it out of its queue. A URB that is being
  // unlinked gets its RET_UNLINK(0) behind it.
  void complete(Urb& urb, const Completion& completion);
  // The URB ends without data; isochronous packets are marked -EXDEV.
  void fail(Urb& urb, UrbStatus status);
  // The URB ends with RET_UNLINK(-ECONNRESET) alone.
  void unlink(Urb& urb, std::uint32_t unlink_seqnum);
  // RET_UNLINK(0): the URB was answered before, or was never ours.
  void unlink_nothing(std::uint32_t unlink_seqnum);
  // RET_SUBMIT for something that never entered the ledger (it was full, or the URB too large).
  void refuse(const wire::usbip::Submit& submit, UrbStatus status);

  // vhci did not take an answer: the connection is beyond repair.
  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] const AnswerCounts& counts() const { return counts_; }

 private:
  void write_reply(const Urb& urb, const Completion& completion);
  void write_unlink(std::uint32_t seqnum, UrbStatus status);
  void write(std::span<const std::byte> head, std::span<const std::byte> payload,
             std::span<const std::byte> tail);

  UrbLedger& ledger_;
  VhciSocket& socket_;
  std::vector<std::byte> tail_;  // encoded packet descriptors
  std::vector<wire::usbip::IsoDescriptor> failed_packets_;
  AnswerCounts counts_;
  bool broken_ = false;
};

}  // namespace usbgw::host

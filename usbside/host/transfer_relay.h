// Control, bulk and interrupt OUT URBs: each goes to the agent by transaction id, and its one
// answer decides how it ends. An unlink asks the agent, because only the agent knows whether the
// device has already given data:
//
//   answer                                    vhci gets
//   connection_reset, no data, unlinking      RET_UNLINK(-ECONNRESET)
//   anything else, unlinking                  RET_SUBMIT, then RET_UNLINK(0)
//   anything, not unlinking                   RET_SUBMIT
#pragma once

#include <span>

#include "usbside/host/host_attachment.h"
#include "usbside/host/urb_answerer.h"
#include "usbside/host/urb_ledger.h"

namespace usbgw::host {

class TransferRelay {
 public:
  TransferRelay(AttachmentId attachment, UrbLedger& ledger, UrbAnswerer& answerer,
                HostAttachmentSink& sink)
      : attachment_(attachment), ledger_(ledger), answerer_(answerer), sink_(sink) {}

  void submit(Urb& urb, std::span<const std::byte> data);
  void unlink(Urb& urb, std::uint32_t unlink_seqnum);
  // The URB that this answers, or null: answered before, or never asked.
  [[nodiscard]] Urb* find(const wire::UrbReply& reply) { return ledger_.find(reply.transaction); }
  void answer(Urb& urb, const wire::UrbReply& reply);
  // Without the agent.
  void abandon(Urb& urb);

 private:
  AttachmentId attachment_;
  UrbLedger& ledger_;
  UrbAnswerer& answerer_;
  HostAttachmentSink& sink_;
};

}  // namespace usbgw::host

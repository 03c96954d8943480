// Every URB that vhci has submitted and that is not answered yet. One owner for {pending,
// unlinking, answered}: a URB leaves the ledger with its answer, so it is answered once, and a late
// answer finds nothing. Slots keep their memory, so a warm ledger does not allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/timeline.h"
#include "common/usb.h"
#include "usbside/host/seqnum_index.h"
#include "wire/usbip.h"

namespace usbgw::host {

enum class UrbState : std::uint8_t {
  pending,
  unlinking,  // the agent was asked to cancel it; it still answers
};

struct PacketShape {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

struct Urb {
  wire::usbip::Submit submit;
  TransferType type = TransferType::control;
  UrbState state = UrbState::pending;
  std::uint32_t unlink_seqnum = 0;  // while unlinking
  TransactionId transaction;        // relayed to the agent; else 0
  Instant arrived{};
  std::int64_t first_index = -1;     // isochronous OUT: the interval of packet 0, once assigned
  std::vector<PacketShape> packets;  // isochronous
  std::vector<std::byte> data;       // isochronous OUT that waits for a clock

  Urb* next = nullptr;  // in its endpoint's queue
  Urb* previous = nullptr;
  bool in_use = false;
};

class UrbLedger {
 public:
  // What one attachment may have outstanding; real drivers stay below 100.
  static constexpr std::size_t kMaxUrbs = 1024;

  UrbLedger();
  // Null when the seqnum is outstanding already or the ledger is full. Pointers stay valid until
  // release().
  [[nodiscard]] Urb* add(const wire::usbip::Submit& submit, TransferType type, Instant now);
  [[nodiscard]] Urb* find(std::uint32_t seqnum);
  [[nodiscard]] Urb* find(TransactionId transaction);
  // Names the URB to the agent; unique within the attachment's life.
  void give_transaction(Urb& urb);
  void release(Urb& urb);

  [[nodiscard]] std::size_t size() const { return kMaxUrbs - free_.size(); }
  // Any one of the outstanding URBs, or null.
  [[nodiscard]] Urb* any();

 private:
  std::vector<Urb> slots_;
  std::vector<std::uint16_t> free_;
  SeqnumIndex by_seqnum_;
  std::uint64_t transactions_ = 0;
};

// First-in first-out among the URBs of one endpoint; any of them can leave. Does not own.
class UrbQueue {
 public:
  void push(Urb& urb);
  void remove(Urb& urb);
  [[nodiscard]] Urb* front() const { return first_; }
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  Urb* first_ = nullptr;
  Urb* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace usbgw::host

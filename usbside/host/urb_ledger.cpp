#include "usbside/host/urb_ledger.h"

#include "common/assertion.h"

namespace usbgw::host {
namespace {

// A transaction id holds its slot, so that an answer finds its URB without a search.
constexpr unsigned kSlotBits = 10;
constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;
static_assert(UrbLedger::kMaxUrbs == kSlotMask + 1);

}  // namespace

UrbLedger::UrbLedger() : slots_(kMaxUrbs), by_seqnum_(kMaxUrbs) {
  free_.reserve(kMaxUrbs);
  for (std::size_t i = kMaxUrbs; i > 0; --i) free_.push_back(static_cast<std::uint16_t>(i - 1));
}

Urb* UrbLedger::add(const wire::usbip::Submit& submit, TransferType type, Instant now) {
  if (free_.empty() || by_seqnum_.find(submit.seqnum) != SeqnumIndex::kNone) return nullptr;
  const std::uint16_t slot = free_.back();
  free_.pop_back();
  by_seqnum_.insert(submit.seqnum, slot);
  Urb& urb = slots_[slot];
  urb.submit = submit;
  urb.type = type;
  urb.state = UrbState::pending;
  urb.unlink_seqnum = 0;
  urb.transaction = TransactionId{};
  urb.arrived = now;
  urb.first_index = -1;
  urb.packets.clear();
  urb.data.clear();
  urb.next = urb.previous = nullptr;
  urb.in_use = true;
  return &urb;
}

Urb* UrbLedger::find(std::uint32_t seqnum) {
  const auto slot = by_seqnum_.find(seqnum);
  return slot == SeqnumIndex::kNone ? nullptr : &slots_[slot];
}

Urb* UrbLedger::find(TransactionId transaction) {
  Urb& urb = slots_[transaction.value() & kSlotMask];
  return urb.in_use && transaction.value() != 0 && urb.transaction == transaction ? &urb : nullptr;
}

void UrbLedger::give_transaction(Urb& urb) {
  const auto slot = static_cast<std::uint64_t>(&urb - slots_.data());
  urb.transaction = TransactionId{++transactions_ << kSlotBits | slot};
}

void UrbLedger::release(Urb& urb) {
  USBGW_ASSERT(urb.in_use);
  urb.in_use = false;
  by_seqnum_.erase(urb.submit.seqnum);
  free_.push_back(static_cast<std::uint16_t>(&urb - slots_.data()));
}

Urb* UrbLedger::any() {
  if (size() == 0) return nullptr;
  for (Urb& urb : slots_) {
    if (urb.in_use) return &urb;
  }
  return nullptr;
}

void UrbQueue::push(Urb& urb) {
  urb.next = nullptr;
  urb.previous = last_;
  (last_ == nullptr ? first_ : last_->next) = &urb;
  last_ = &urb;
  ++size_;
}

void UrbQueue::remove(Urb& urb) {
  (urb.previous == nullptr ? first_ : urb.previous->next) = urb.next;
  (urb.next == nullptr ? last_ : urb.next->previous) = urb.previous;
  urb.next = urb.previous = nullptr;
  --size_;
}

}  // namespace usbgw::host

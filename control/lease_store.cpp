#include "control/lease_store.h"

namespace usbgw::control {

LeaseEntry MemoryLeaseStore::find(const std::string& device) const {
  const auto found = entries_.find(device);
  return found == entries_.end() ? LeaseEntry() : found->second;
}

bool MemoryLeaseStore::compare_and_swap(const std::string& device, std::uint64_t expected,
                                        std::optional<Lease> next) {
  if (find(device).version != expected) return false;
  // Versions are never reused, not even after a removal: a slow writer must not mistake a new lease
  // for the one it read. So a removal forgets the entry and not the count.
  if (next)
    entries_[device] = LeaseEntry{++last_version_, std::move(next)};
  else
    entries_.erase(device);
  return true;
}

std::vector<Lease> MemoryLeaseStore::list() const {
  std::vector<Lease> leases;
  for (const auto& [device, entry] : entries_)
    if (entry.lease) leases.push_back(*entry.lease);
  return leases;
}

}  // namespace usbgw::control

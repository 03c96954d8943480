#include "control/descriptor_pins.h"

#include <array>

#include "common/byte_order.h"

namespace usbgw::control {
namespace {

void add_with_length(crypto::Sha256Hasher& hasher, std::span<const std::byte> bytes) {
  std::array<std::byte, 4> length{};
  store_be<std::uint32_t>(length.data(), static_cast<std::uint32_t>(bytes.size()));
  hasher.add(length);
  hasher.add(bytes);
}

}  // namespace

crypto::Sha256 hash_descriptors(
    std::span<const std::byte> device_descriptor,
    const std::vector<std::vector<std::byte>>& configuration_descriptors) {
  crypto::Sha256Hasher hasher;
  add_with_length(hasher, device_descriptor);
  for (const auto& configuration : configuration_descriptors)
    add_with_length(hasher, configuration);
  return hasher.finish();
}

std::optional<crypto::Sha256> MemoryPinStore::find(const std::string& id) const {
  const auto found = pins_.find(id);
  if (found == pins_.end()) return std::nullopt;
  return found->second;
}

Result<void> check_pin(PinStore& store, const std::string& id, const crypto::Sha256& hash) {
  const auto pinned = store.find(id);
  if (!pinned) {
    store.pin(id, hash);
    return {};
  }
  if (*pinned == hash) return {};
  return fail(ErrorCode::refused,
              id + " has other descriptors than when it was first used; is it the same device?");
}

}  // namespace usbgw::control

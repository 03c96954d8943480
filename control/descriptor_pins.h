// Remembers the descriptors with which an export was first used, so that a device that comes back
// with another interface, or another device with its ids, is refused.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "crypto/digest.h"

namespace usbgw::control {

// SHA-256 over the device descriptor and every configuration, each with its length (u32, network
// byte order) before it.
[[nodiscard]] crypto::Sha256 hash_descriptors(
    std::span<const std::byte> device_descriptor,
    const std::vector<std::vector<std::byte>>& configuration_descriptors);

// Where pins are kept; a file or a shared store may stand behind it.
class PinStore {
 public:
  virtual ~PinStore() = default;
  [[nodiscard]] virtual std::optional<crypto::Sha256> find(const std::string& id) const = 0;
  virtual void pin(const std::string& id, const crypto::Sha256& hash) = 0;
  virtual void unpin(const std::string& id) = 0;
};

class MemoryPinStore final : public PinStore {
 public:
  [[nodiscard]] std::optional<crypto::Sha256> find(const std::string& id) const override;
  void pin(const std::string& id, const crypto::Sha256& hash) override { pins_[id] = hash; }
  void unpin(const std::string& id) override { pins_.erase(id); }

 private:
  std::map<std::string, crypto::Sha256> pins_;
};

// Pins at the first use; afterwards refuses anything else.
[[nodiscard]] Result<void> check_pin(PinStore& store, const std::string& id,
                                     const crypto::Sha256& hash);

}  // namespace usbgw::control

// Where leases are kept. Compare-and-swap alone changes anything, so that a distributed store can
// stand behind it as well as a map.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/strong.h"
#include "common/timeline.h"

namespace usbgw::control {

// Names one grant; never reused by one store.
using LeaseToken = Strong<struct LeaseTokenTag, std::uint64_t>;

// Which control connection of this process a lease hangs on.
using ConnectionId = Strong<struct ConnectionIdTag, std::uint64_t>;

struct Lease {
  std::string device;
  std::string owner;  // authenticated name
  ConnectionId connection;
  LeaseToken token;
  Instant granted{};
  Instant expires{};
  bool operator==(const Lease&) const = default;
};

// A lease and the version of its entry; version 0: there is none.
struct LeaseEntry {
  std::uint64_t version = 0;
  std::optional<Lease> lease;
};

class LeaseStore {
 public:
  virtual ~LeaseStore() = default;
  [[nodiscard]] virtual LeaseEntry find(const std::string& device) const = 0;
  // Puts `next` (nothing: removes) when the entry still has `expected` as its version. False, and
  // no change, otherwise.
  [[nodiscard]] virtual bool compare_and_swap(const std::string& device, std::uint64_t expected,
                                              std::optional<Lease> next) = 0;
  [[nodiscard]] virtual LeaseToken next_token() = 0;
  [[nodiscard]] virtual std::vector<Lease> list() const = 0;
};

class MemoryLeaseStore final : public LeaseStore {
 public:
  [[nodiscard]] LeaseEntry find(const std::string& device) const override;
  [[nodiscard]] bool compare_and_swap(const std::string& device, std::uint64_t expected,
                                      std::optional<Lease> next) override;
  [[nodiscard]] LeaseToken next_token() override { return LeaseToken{++last_token_}; }
  [[nodiscard]] std::vector<Lease> list() const override;

 private:
  std::map<std::string, LeaseEntry> entries_;
  std::uint64_t last_version_ = 0;
  std::uint64_t last_token_ = 0;
};

}  // namespace usbgw::control

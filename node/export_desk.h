// What an agent decides before it opens a device for a host: which of its exports is meant, whether
// the host may have it, whether another holds it, whether it is still the same device. Control
// thread; carried out by AgentControl.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/log.h"
#include "control/descriptor_pins.h"
#include "control/directory.h"
#include "control/lease_manager.h"
#include "node/stream_commands.h"
#include "usbside/device/device_attachment.h"
#include "usbside/device/device_provider.h"
#include "wire/session_message.h"

namespace usbgw::node {

// Who may have what. Default: nobody anything; the wiring gives the configured rules.
class AccessPolicy {
 public:
  virtual ~AccessPolicy() = default;
  // The reason for a refusal, one line; nothing when `peer` may use `device`.
  [[nodiscard]] virtual std::optional<std::string> refuses(const std::string& peer,
                                                           const device::PresentDevice& device) = 0;
};

struct ExportRule {
  std::string device;  // vid:pid[:serial], or software:NAME
  std::string policy = "exclusive";
  device::StreamTuning tuning;
  RepairConfig repair;
  // Largest IP packet that carries its isochronous data; 0: the path's.
  std::size_t packet_bytes = 0;
  Duration playout{};  // D of hosts that have no other of their own; zero: theirs
};

// What a node keeps about its exports, whoever asks for them.
struct ExportRecords {
  control::LeaseManager& leases;
  control::PinStore& pins;
};

class ExportDesk {
 public:
  // `node` names this side in errors.
  ExportDesk(std::string node, std::vector<ExportRule> rules, device::DeviceProvider& devices,
             AccessPolicy& access, ExportRecords records);

  // What is exported, with its holder: all of it, for this node's own people. Looks at the bus,
  // once a turn at most.
  [[nodiscard]] std::vector<wire::ExportInfo> list(Instant now);
  // Without what the rules refuse to `peer`.
  [[nodiscard]] std::vector<wire::ExportInfo> list_for(const std::string& peer, Instant now);
  void begin_turn() { is_fresh_ = false; }
  // A line for each export that was not plugged in at the first call, and for each of those that is
  // now; each once. Looks at the bus only while one is missing.
  [[nodiscard]] std::vector<std::string> missing_and_found();
  // True until nothing is missing.
  [[nodiscard]] bool is_missing_any() const { return !missing_ || !missing_->empty(); }

  struct Grant {
    device::PresentDevice device;
    const ExportRule* rule = nullptr;
    control::LeaseToken token;
  };
  // A lease of the device that `wanted` names. Errors: not_found, unavailable (not plugged in),
  // invalid_argument (ambiguous), refused (by a rule), busy (names the holder). They name nothing
  // that the rules refuse to the claim's owner, but for what it asked by name.
  [[nodiscard]] Result<Grant> grant(const std::string& wanted, const control::Claim& claim,
                                    Instant now);
  // Opens what was granted; refused when its descriptors are not those that were pinned.
  [[nodiscard]] Result<std::unique_ptr<device::UsbDevice>> open(
      const device::PresentDevice& device);

  void release(const Grant& grant, const std::string& why, Instant now);
  // The connection has ended: all its leases do.
  void release_all(control::ConnectionId connection, const std::string& why, Instant now);
  void renew(control::ConnectionId connection, Instant now);
  // Ends the leases that nobody renewed; gives their tokens.
  [[nodiscard]] std::vector<control::LeaseToken> expire(Instant now);

 private:
  void refresh();
  [[nodiscard]] const ExportRule* rule_for(const std::string& id) const;
  [[nodiscard]] bool is_plugged_in(const ExportRule& rule) const;
  // What `peer` may have, plugged in or not; null: everything.
  [[nodiscard]] control::Directory offered_to(const std::string* peer);
  [[nodiscard]] std::vector<wire::ExportInfo> infos(const control::Directory& directory,
                                                    Instant now) const;
  [[nodiscard]] Result<device::PresentDevice> choose(const std::string& wanted,
                                                     const std::string& peer);
  struct Denial {
    std::string device;
    std::string reason;
  };
  // Of a plugged-in device that `wanted` names.
  [[nodiscard]] std::optional<Denial> denial(const std::string& wanted, const std::string& peer);

  std::string node_;
  std::vector<ExportRule> rules_;
  device::DeviceProvider& devices_;
  AccessPolicy& access_;
  ExportRecords records_;
  control::ExclusivePolicy policy_;
  std::vector<device::PresentDevice> present_;  // the exported ones
  bool is_fresh_ = false;
  std::optional<std::vector<std::string>> missing_;  // rules' devices; null: nobody has looked yet
};

[[nodiscard]] wire::ExportInfo describe(const device::PresentDevice& device);

}  // namespace usbgw::node

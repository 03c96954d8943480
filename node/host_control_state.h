// What the host role keeps of each peer and each attachment; for host_control.cpp and
// host_attachments.cpp only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/backoff.h"
#include "node/host_control.h"

namespace usbgw::node {

inline constexpr Duration kRetryFloor = std::chrono::milliseconds(500);
inline constexpr Duration kRetryCeiling = std::chrono::seconds(10);
inline constexpr Duration kPathDue = std::chrono::seconds(5);

struct HostControl::Peer {
  Peer(std::string peer_name, std::uint64_t seed)
      : name(std::move(peer_name)), backoff(kRetryFloor, kRetryCeiling, seed) {}

  std::string name;
  std::string address;
  std::unique_ptr<PeerSession> session;
  bool usb_added = false;   // the USB worker knows the session
  bool is_leaving = false;  // closed; attachments, then the session, are being taken down
  Instant next_try{};
  control::Backoff backoff;
  std::string error;
  std::string told;  // last line in the log: what is tried again and again is said once
  session::SessionCounters counters;
  PathEstimate path;
  std::size_t path_payload = 0;
  std::vector<session::PathStatus> paths;
  Instant path_due = kNever;  // datagrams have been both ways by then
  std::unique_ptr<std::vector<wire::ExportInfo>> exports;
  bool exports_wanted = false;
};

struct HostControl::Record {
  explicit Record(std::uint64_t seed) : backoff(kRetryFloor, kRetryCeiling, seed) {}

  AttachmentHandle handle;
  WantedAttachment wanted;
  Peer* peer = nullptr;
  AttachmentPhase phase = AttachmentPhase::waiting;
  std::string error;
  std::string told;  // last line in the log
  std::uint64_t request = 0;
  host::RemoteDevice device;
  host::PlayoutConfig playout;  // wanted, and what the export says
  std::string product;
  SessionHandle session;
  std::optional<host::VhciPort> port;
  Instant next_try{};         // waiting: not before
  Instant deadline = kNever;  // of the phase
  Instant next_look{};        // at the port's state
  control::Backoff backoff;
  bool detach_wanted = false;
  bool is_withdrawn = false;  // forgotten as soon as it is over
  bool removal_posted = false;
  bool removed = false;      // the USB worker has let go
  bool agent_knows = false;  // the agent holds the device for us
  std::unique_ptr<host::AttachmentStatus> status;
  bool status_wanted = false;
};

}  // namespace usbgw::node

// One direction's key of one epoch, and what belongs to it alone: the session index that names it
// in datagrams, the packet numbers spent under it, the replay window over them. Made by the control
// thread, lent to the packet worker, and sent home to be destroyed.
#pragma once

#include <cstdint>

#include "common/ids.h"
#include "crypto/aead.h"
#include "dataplane/session/seen_window.h"
#include "dataplane/session/session_limits.h"

namespace usbgw::session {

// Names a session and a key epoch in the datagrams that its chooser receives.
using SessionIndex = Strong<struct SessionIndexTag, std::uint32_t>;

struct TransmitEpoch {
  TransmitEpoch(SessionIndex remote_index, const crypto::AeadKey& key, const crypto::AeadIv& iv)
      : index(remote_index), sealer(key, iv) {}

  SessionIndex index;
  std::uint64_t next_packet = 0;
  crypto::Sealer sealer;
};

struct ReceiveEpoch {
  ReceiveEpoch(SessionIndex local_index, std::uint32_t number, const crypto::AeadKey& key,
               const crypto::AeadIv& iv)
      : index(local_index), epoch(number), opener(key, iv) {}

  SessionIndex index;
  std::uint32_t epoch;
  std::uint64_t packets = 0;  // numbers that the peer has spent, as far as we have seen
  SeenWindow<kReplayWindow> replay;
  crypto::Opener opener;
};

}  // namespace usbgw::session

// What the roles know, as the plain structs that the admin socket carries.
#pragma once

#include "control/admin_protocol.h"
#include "node/agent_control.h"
#include "node/host_control.h"

namespace usbgw::node {

[[nodiscard]] control::DeviceReport report(const std::string& peer, const wire::ExportInfo& info);
[[nodiscard]] control::AttachmentReport report(const AttachmentView& view);
[[nodiscard]] control::PeerReport report(const PeerView& view);
[[nodiscard]] control::PeerReport report(const AgentControl::PeerReport& peer);

}  // namespace usbgw::node

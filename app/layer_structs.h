// What the configuration says, as the plain structs of the layers that it is meant for.
#pragma once

#include "config/document.h"
#include "node/stream_commands.h"
#include "simulation/impairment.h"
#include "usbside/device/device_attachment.h"
#include "usbside/host/host_attachment.h"

namespace usbgw::app {

[[nodiscard]] host::PlayoutConfig playout_of(const config::AttachEntry& entry);
[[nodiscard]] node::RepairConfig repair_of(const config::RepairSection& repair);
[[nodiscard]] device::StreamTuning tuning_of(const config::ExportEntry& entry);
[[nodiscard]] simulation::ImpairmentProfile profile_of(const config::ImpairmentSection& section);

}  // namespace usbgw::app

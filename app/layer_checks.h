// What the layers have to say about values that the configuration alone cannot judge, joined with
// the lines they come from.
#pragma once

#include "config/document.h"

namespace usbgw::app {

[[nodiscard]] config::Problems check_layers(const config::Document& document);

}  // namespace usbgw::app

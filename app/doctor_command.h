// `usbgw doctor`: what this machine offers, and what each lack costs.
#pragma once

#include <string>

#include "common/result.h"

namespace usbgw::app {

struct DoctorOptions {
  std::string config;  // empty: no port to look at, and either role may be meant
  bool json = false;
};

// 0 unless something is missing that the configuration needs.
[[nodiscard]] Result<int> run_doctor(const DoctorOptions& options);

}  // namespace usbgw::app

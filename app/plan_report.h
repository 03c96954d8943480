// What `usbgw plan` shows: tables for people, JSON, the [repair] section to paste, and a plot.
#pragma once

#include <string>

#include "app/plan.h"
#include "common/result.h"

namespace usbgw::app {

// "RTT 8 ms, J = 1 ms, 0.7 % lost in outages of 1 ms".
[[nodiscard]] std::string path_text(const PlanRequest& request);
// "rs 4+2 in 1ms", "copy 3ms": a scheme with its times.
[[nodiscard]] std::string scheme_text(const session::RepairOptions& repair);
// The section that makes a node repair so; each line ends.
[[nodiscard]] std::string repair_section(const session::RepairOptions& repair);

// Of each deadline's rows the most useful ones and the one without repair, or all.
[[nodiscard]] std::string plan_text(const Plan& plan, bool is_whole = false);
[[nodiscard]] std::string plan_json(const Plan& plan);

// Writes FOLDER/plan.csv, and FOLDER/plan.png when gnuplot is installed; gives the file to look at.
[[nodiscard]] Result<std::string> write_plan_plot(const Plan& plan, const std::string& folder);

}  // namespace usbgw::app

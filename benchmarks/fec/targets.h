// What fec/ promises with GFNI, held against what a contest measured.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/fec/contest.h"

namespace usbgw::benchmarks {

// Holds the first, fastest kernel against the targets of its shape: adds a line for people for each
// one that is missed, and returns how many there are.
std::size_t hold_targets(const ContestResult& result, std::vector<std::string>& missed);

}  // namespace usbgw::benchmarks

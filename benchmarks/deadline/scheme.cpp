#include "benchmarks/deadline/scheme.h"

#include <algorithm>

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using session::RepairOptions;
using session::RepairScheme;

RepairOptions block(std::uint8_t data, std::uint8_t repair, Duration spread) {
  return {{}, RepairScheme::block, data, repair, spread};
}

RepairOptions window(std::uint8_t data, std::uint8_t repair, Duration spread) {
  return {{}, RepairScheme::window, data, repair, spread};
}

RepairOptions copy(Duration after) {
  RepairOptions options;
  options.copy_after = after;
  return options;
}

// What is left of D when `data` sources, 1 ms apart, have been gathered.
Duration after_block(Duration deadline, int data) {
  return std::max(deadline - (data - 1) * 1ms, Duration{});
}

}  // namespace

std::vector<Scheme> schemes_for(Duration deadline) {
  std::vector<Scheme> schemes;
  const auto add = [&](const char* name, RepairOptions options) {
    options.deadline = deadline;
    schemes.push_back({name, options});
  };
  RepairOptions resends;
  resends.resends = true;
  add("none", {});
  add("resends", resends);
  add("RS(8,4)", block(8, 4, after_block(deadline, 8)));
  add("RS(4,2)", block(4, 2, after_block(deadline, 4)));
  add("RS(2,1)", block(2, 1, after_block(deadline, 2)));
  add("window 2:1", window(2, 1, deadline));
  add("RS(4,4)", block(4, 4, after_block(deadline, 4)));
  add("window 1:1", window(1, 1, deadline));
  add("copy D", copy(deadline));
  if (deadline > 1ms) add("copy D-1", copy(deadline - 1ms));
  add("copies D/2 D", block(1, 2, deadline));
  if (deadline > 1ms) add("copies to D-1", block(1, 2, deadline - 1ms));
  add("window 1:2", window(1, 2, deadline));
  RepairOptions automatic = resends;
  automatic.scheme = RepairScheme::automatic;
  add("controller", automatic);
  return schemes;
}

}  // namespace usbgw::benchmarks

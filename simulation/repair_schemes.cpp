#include "simulation/repair_schemes.h"

#include <algorithm>

namespace usbgw::simulation {
namespace {

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

}  // namespace

std::vector<Scheme> schemes_for(Duration deadline, Duration interval) {
  // What is left of D when `data` sources have been gathered.
  const auto after_block = [&](int data) {
    return std::max(deadline - (data - 1) * interval, Duration{});
  };
  std::vector<Scheme> schemes;
  const auto add = [&](const char* name, RepairOptions options) {
    options.deadline = deadline;
    schemes.push_back({name, options});
  };
  RepairOptions resends;
  resends.resends = true;
  add("none", {});
  add("resends", resends);
  add("RS(8,4)", block(8, 4, after_block(8)));
  add("RS(4,2)", block(4, 2, after_block(4)));
  add("RS(2,1)", block(2, 1, after_block(2)));
  add("window 2:1", window(2, 1, deadline));
  add("RS(4,4)", block(4, 4, after_block(4)));
  add("window 1:1", window(1, 1, deadline));
  add("copy D", copy(deadline));
  if (deadline > interval) add("copy D-1", copy(deadline - interval));
  add("copies D/2 D", block(1, 2, deadline));
  if (deadline > interval) add("copies to D-1", block(1, 2, deadline - interval));
  add("window 1:2", window(1, 2, deadline));
  RepairOptions automatic = resends;
  automatic.scheme = RepairScheme::automatic;
  add("controller", automatic);
  return schemes;
}

std::vector<Scheme> longer_schemes_for(Duration deadline, Duration interval) {
  struct Block {
    const char* name;
    std::uint8_t data;
    std::uint8_t repair;
  };
  std::vector<Scheme> schemes;
  for (const Block& each :
       {Block{"RS(4,1)", 4, 1}, Block{"RS(8,2)", 8, 2}, Block{"RS(16,4)", 16, 4},
        Block{"RS(16,8)", 16, 8}, Block{"RS(32,8)", 32, 8}}) {
    const Duration gathering = (each.data - 1) * interval;
    if (gathering < deadline)
      schemes.push_back({each.name, block(each.data, each.repair, deadline - gathering)});
  }
  if (4 * interval <= deadline) schemes.push_back({"window 4:1", window(4, 1, deadline)});
  for (Scheme& scheme : schemes) scheme.repair.deadline = deadline;
  return schemes;
}

Scheme with_requests(Scheme scheme) {
  scheme.repair.resends = true;
  return scheme;
}

}  // namespace usbgw::simulation

#include "dataplane/session/path_ledger.h"

#include <algorithm>

namespace usbgw::session {
namespace {

constexpr unsigned bit(PathId path) {
  return 1u << index_of(path);
}

}  // namespace

void PathLedger::first(std::int64_t order, PathId path) {
  ++shares_[index_of(path)].first;
  if (order > newest_) advance(order);
  if (order > newest_ - kSize) came(order) = static_cast<Came>(came(order) | bit(path));
}

bool PathLedger::again(std::int64_t order, PathId path) {
  if (order > newest_ || order <= newest_ - kSize) return false;
  if (came(order) != bit(other(path))) return false;
  came(order) = static_cast<Came>(came(order) | bit(path));
  return true;
}

// What leaves is settled: at most the whole window, however far the numbers jump.
void PathLedger::advance(std::int64_t to) {
  for (std::int64_t n = std::max(newest_ + 1, to - kSize + 1); n <= to; ++n) settle(came(n));
  newest_ = to;
}

void PathLedger::settle(Came& came) {
  for (const PathId path : {PathId::first, PathId::second}) {
    if ((came & bit(other(path))) == 0) continue;
    Share& share = shares_[index_of(path)];
    ++share.compared;
    if ((came & bit(path)) == 0) ++share.lost;
  }
  came = 0;
}

}  // namespace usbgw::session

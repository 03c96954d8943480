#include "node/path_watch.h"

#include <utility>

namespace usbgw::node {
namespace {

using namespace std::chrono_literals;

// From the start on: it should have answered by then.
constexpr Duration kDue = 5s;
constexpr Duration kSteady = 10s;

}  // namespace

std::optional<PathWatch::News> PathWatch::take(PathId path, const session::PathStatus& status,
                                               Instant now) {
  Seen& seen = seen_[index_of(path)];
  const std::string name =
      (path == PathId::first ? "the first path to " : "the second path to ") + peer_;
  return status.is_answering ? answering(seen, name, now) : silent(seen, name, now);
}

std::optional<PathWatch::News> PathWatch::silent(Seen& seen, const std::string& name, Instant now) {
  if (seen.is_answering) ++seen.silences;
  seen.is_answering = false;
  if (seen.is_told_silent || (!seen.has_answered && now - started_ < kDue)) return std::nullopt;
  seen.is_told_silent = true;
  return News{true, name + (seen.has_answered ? " is silent" : " has not answered yet")};
}

std::optional<PathWatch::News> PathWatch::answering(Seen& seen, const std::string& name,
                                                    Instant now) {
  if (!seen.is_answering) seen.since = now;
  seen.is_answering = true;
  seen.has_answered = true;
  if (!seen.is_told_silent || now - seen.since < kSteady) return std::nullopt;
  seen.is_told_silent = false;
  const unsigned silences = std::exchange(seen.silences, 0);
  return News{false,
              name + " answers" +
                  (silences > 1 ? " again, after " + std::to_string(silences) + " silences" : "")};
}

}  // namespace usbgw::node

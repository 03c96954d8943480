#include "tests/vm/judge/pattern.h"

#include <algorithm>

namespace usbgw::judge {
namespace {

// Two counters in a row show where the pattern runs on after a disturbance; one alone may be
// chance.
bool runs_on(const std::vector<std::uint32_t>& counters, std::size_t at, std::size_t end) {
  if (counters[at] == 0) {
    return false;
  }
  return at + 1 == end || counters[at + 1] == counters[at] + 1;
}

// The lead-in ends at the last break within its limit.
std::size_t find_start(const std::vector<std::uint32_t>& counters, std::size_t limit) {
  std::size_t start = 0;
  const std::size_t end = std::min(limit + 1, counters.size());
  for (std::size_t i = 0; i < end; ++i) {
    const bool continues = i == 0 || counters[i] == counters[i - 1] + 1;
    if (counters[i] == 0) {
      start = i + 1;
    } else if (!continues) {
      start = i;
    }
  }
  return std::min(start, limit);
}

// Everything from frame `from` to before frame `to` was disturbed.
void note(std::vector<Disturbance>& all, std::size_t from, std::size_t to, std::size_t apart) {
  if (all.empty() || from >= all.back().first + all.back().frames + apart) {
    all.push_back({from, to - from});
  } else {
    all.back().frames = to - all.back().first;
  }
}

}  // namespace

Verdict judge(const std::vector<std::uint32_t>& counters, const Limits& limits) {
  Verdict verdict;
  verdict.frames = counters.size();
  if (counters.size() <= limits.lead_in + limits.tail) {
    verdict.missing = limits.lead_in + limits.tail - counters.size() + 1;
    return verdict;
  }
  const std::size_t end = counters.size() - limits.tail;
  verdict.lead_in = find_start(counters, limits.lead_in);
  std::uint32_t expected = counters[verdict.lead_in];
  for (std::size_t i = verdict.lead_in; i < end; ++i, ++expected) {
    if (counters[i] == expected && expected != 0) {
      continue;
    }
    if (!runs_on(counters, i, end)) {
      ++verdict.altered;
      note(verdict.disturbances, i, i + 1, limits.apart);
      continue;
    }
    note(verdict.disturbances, i, i, limits.apart);
    if (counters[i] > expected) {
      verdict.missing += counters[i] - expected;
    } else {
      verdict.repeated += expected - counters[i];
    }
    expected = counters[i];
  }
  return verdict;
}

std::vector<std::uint8_t> encode_pattern(std::size_t frames) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(frames * kFrameBytes);
  for (std::size_t i = 1; i <= frames; ++i) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<std::uint8_t>(i >> shift));
    }
  }
  return bytes;
}

std::vector<std::uint32_t> decode_pattern(const std::vector<std::uint8_t>& bytes) {
  std::vector<std::uint32_t> counters;
  counters.reserve(bytes.size() / kFrameBytes);
  for (std::size_t i = 0; i + kFrameBytes <= bytes.size(); i += kFrameBytes) {
    std::uint32_t counter = 0;
    for (std::size_t k = kFrameBytes; k-- > 0;) {
      counter = counter << 8 | bytes[i + k];
    }
    counters.push_back(counter);
  }
  return counters;
}

}  // namespace usbgw::judge

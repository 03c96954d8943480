#include "config/spelling.h"

#include <algorithm>
#include <vector>

namespace usbgw::config {
namespace {

// Levenshtein, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view written,
                                        std::span<const std::string_view> allowed) {
  std::optional<std::string_view> best;
  std::size_t best_distance = 0;
  for (const std::string_view word : allowed) {
    const std::size_t away = distance(written, word);
    const std::size_t tolerated = std::max<std::size_t>(1, word.size() / 3);
    if (away <= tolerated && (!best || away < best_distance)) {
      best = word;
      best_distance = away;
    }
  }
  return best;
}

std::string unknown(std::string_view what, std::string_view written,
                    std::span<const std::string_view> allowed) {
  std::string text(what);
  if (const auto meant = nearest(written, allowed)) {
    text += "; did you mean \"" + std::string(*meant) + "\"?";
  } else {
    text += ";";
  }
  text += " Allowed: ";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (i > 0) text += ", ";
    text += allowed[i];
  }
  return text;
}

}  // namespace usbgw::config

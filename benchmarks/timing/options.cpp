#include "benchmarks/timing/options.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace usbgw::benchmarks {
namespace {

constexpr std::size_t kNamesShown = 12;

[[noreturn]] void usage(const char* what, int code) {
  std::fprintf(
      code == 0 ? stdout : stderr,
      "%s\n"
      "  --full          full length\n"
      "  --seconds N     virtual seconds of each case\n"
      "  --seed N        seed of the first case\n"
      "  --transfer N    microseconds of bus time in one of the agent's transfers\n"
      "  --look N        microseconds between two looks at a port, 0: datagrams wake the worker\n"
      "  --only TEXT     cases whose name contains TEXT\n"
      "  --measure FILE  measures for 5 s (or --seconds) how late threads wake, writes FILE, and "
      "ends\n"
      "  --machine FILE  machine B is as such a file says, not as this one is now\n"
      "  --plot FOLDER   writes FOLDER/NAME.csv, and .png with gnuplot, if the report has a plot\n"
      "  --check         fail when a target is missed\n"
      "  --json          JSON instead of a table\n",
      what);
  std::exit(code);
}

}  // namespace

ReportOptions parse_options(int count, char** arguments, const char* what) {
  ReportOptions options;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    const auto value = [&]() -> const char* {
      if (i + 1 == count) usage(what, 2);
      return arguments[++i];
    };
    if (name == "--check") {
      options.check = true;
    } else if (name == "--full") {
      options.full = true;
    } else if (name == "--json") {
      options.json = true;
    } else if (name == "--seconds") {
      options.seconds = std::strtod(value(), nullptr);
    } else if (name == "--seed") {
      options.seed = std::strtoull(value(), nullptr, 10);
    } else if (name == "--transfer") {
      options.transfer_us = static_cast<std::uint32_t>(std::strtoul(value(), nullptr, 10));
    } else if (name == "--look") {
      options.look_us = static_cast<std::uint32_t>(std::strtoul(value(), nullptr, 10));
    } else if (name == "--plot") {
      options.plot = value();
    } else if (name == "--measure") {
      options.measure = value();
    } else if (name == "--machine") {
      options.machine = value();
    } else if (name == "--only") {
      options.only = value();
    } else {
      usage(what, name == "--help" ? 0 : 2);
    }
  }
  return options;
}

bool CaseFilter::takes(const std::string& name) {
  names_.push_back(name);
  const bool is_taken = name.find(only_) != std::string::npos;
  has_taken_ = has_taken_ || is_taken;
  return is_taken;
}

void CaseFilter::require_any() const {
  if (has_taken_) return;
  std::fprintf(stderr, "%s: no case's name contains \"%s\"; they are like\n", program_,
               only_.c_str());
  const std::size_t step = (names_.size() + kNamesShown - 1) / kNamesShown;
  for (std::size_t i = 0; i < names_.size(); i += step)
    std::fprintf(stderr, "  %s\n", names_[i].c_str());
  std::exit(2);
}

}  // namespace usbgw::benchmarks

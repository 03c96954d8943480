// The options that the reports of this folder share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace usbgw::benchmarks {

struct ReportOptions {
  bool check = false;             // a missed target is the exit code
  bool full = false;              // as long as docs/performance.md asks for
  bool json = false;              // one JSON object instead of a table
  double seconds = 0;             // of virtual time for each case; 0: as the form says
  std::uint64_t seed = 1;         // of the first case; the next one's is one more
  std::uint32_t transfer_us = 0;  // bus time of the agent's transfers; 0: its default
  // Between two looks at the port of a worker that sleeps, where no descriptor announces datagrams
  // (the default of workers.idle_sleep); 0: the worker is woken by them.
  std::uint32_t look_us = 100;
  std::string plot;     // folder for a plot; empty: none
  std::string only;     // cases whose name contains this
  std::string measure;  // file for how late this machine's threads wake; nothing is simulated
  std::string machine;  // such a file: machine B; empty: this machine, as it is now
};

// Exits with a usage line when an argument is none of these.
[[nodiscard]] ReportOptions parse_options(int count, char** arguments, const char* what);

// Which cases --only leaves. Exits with what the names look like when it leaves none.
class CaseFilter {
 public:
  CaseFilter(const char* program, const ReportOptions& options)
      : program_(program), only_(options.only) {}
  [[nodiscard]] bool takes(const std::string& name);
  void require_any() const;

 private:
  const char* program_;
  const std::string& only_;
  std::vector<std::string> names_;  // of all cases
  bool has_taken_ = false;
};

}  // namespace usbgw::benchmarks

// DPDK's environment, started once in a process: few resources, no pinned threads, its log caught.
// It must outlive every port. Control thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "dataplane/dpdk/port_config.h"

namespace usbgw::dpdk {

class LogCapture;

struct EalConfig {
  std::vector<PortConfig> ports;  // every port that will be made; PCI devices are claimed here
  bool hugepages = false;         // implied by a PCI port
  std::string huge_directory;  // a mounted hugetlbfs; empty: anonymous hugepages, no mount needed
  std::size_t memory_mb = 0;   // without hugepages; 0: what the ports need
};

class Eal {
 public:
  // Validates and preflights every port first. A second start in one process is an error: DPDK
  // cannot do it, not even after a failed one.
  [[nodiscard]] static Result<std::unique_ptr<Eal>> start(const EalConfig& config);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  // DPDK's own words since the last call, for error texts.
  [[nodiscard]] std::string take_log();
  // A number for names that must be unique in the process.
  [[nodiscard]] unsigned next_name() { return next_name_++; }

 private:
  explicit Eal(std::unique_ptr<LogCapture> log);
  std::unique_ptr<LogCapture> log_;
  unsigned next_name_ = 0;
};

// The arguments that start() gives to DPDK, for tests and `usbgw doctor`.
[[nodiscard]] std::vector<std::string> eal_arguments(const EalConfig& config);

}  // namespace usbgw::dpdk

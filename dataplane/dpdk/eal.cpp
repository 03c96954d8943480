#include "dataplane/dpdk/eal.h"

#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>

#include <algorithm>

#include "dataplane/dpdk/buffer_pool.h"
#include "dataplane/dpdk/log_capture.h"
#include "dataplane/dpdk/preflight.h"

namespace usbgw::dpdk {
namespace {

// DPDK's own tables and rings, without a NIC's queues.
constexpr std::size_t kBaseMemoryMb = 32;

bool wants_hugepages(const EalConfig& config) {
  return config.hugepages ||
         std::any_of(config.ports.begin(), config.ports.end(),
                     [](const PortConfig& port) { return port.spec.type == PortType::pci; });
}

std::size_t memory_mb(const EalConfig& config) {
  if (config.memory_mb != 0) return config.memory_mb;
  std::size_t bytes = 0;
  for (const auto& port : config.ports) bytes += pool_bytes(pool_geometry(port));
  return kBaseMemoryMb + (bytes >> 20) + 1;
}

// One lcore that floats over the CPUs we have: EAL then starts no workers of its own.
std::string floating_lcore() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  std::string cpus;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus += (cpus.empty() ? "" : ",") + std::to_string(cpu);
  return "0@(" + cpus + ")";
}

// rte_eal_init() moves its caller to the lcore's CPUs.
class AffinityKeeper {
 public:
  AffinityKeeper() { pthread_getaffinity_np(pthread_self(), sizeof mask_, &mask_); }
  ~AffinityKeeper() { pthread_setaffinity_np(pthread_self(), sizeof mask_, &mask_); }
  AffinityKeeper(const AffinityKeeper&) = delete;
  AffinityKeeper& operator=(const AffinityKeeper&) = delete;

 private:
  cpu_set_t mask_{};
};

std::string advice(int error, bool hugepages) {
  switch (error) {
    case EALREADY:
      return "it was started before in this process";
    case EACCES:
    case EPERM:
      return "no permission; run as root or with the rights that docs/deployment names";
    case ENOMEM:
      return hugepages ? "not enough free hugepages; reserve more in "
                         "/sys/kernel/mm/hugepages/*/nr_hugepages"
                       : "not enough memory";
    default:
      return rte_strerror(error);
  }
}

}  // namespace

std::vector<std::string> eal_arguments(const EalConfig& config) {
  std::vector<std::string> arguments{"usbgw", "--lcores=" + floating_lcore(), "--no-telemetry",
                                     "--log-level=error"};
  if (!wants_hugepages(config)) {
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "-m", std::to_string(memory_mb(config))});
  } else if (config.huge_directory.empty()) {
    arguments.emplace_back("--in-memory");
  } else {
    arguments.insert(arguments.end(),
                     {"--no-shconf", "--huge-unlink", "--huge-dir=" + config.huge_directory});
  }
  bool pci = false;
  for (const auto& port : config.ports) {
    if (port.spec.type != PortType::pci) continue;
    pci = true;
    arguments.insert(arguments.end(), {"-a", port.spec.name});
  }
  if (!pci) arguments.emplace_back("--no-pci");
  return arguments;
}

Result<std::unique_ptr<Eal>> Eal::start(const EalConfig& config) {
  for (const auto& port : config.ports) {
    if (auto valid = validate(port); !valid) return tl::unexpected(valid.error());
    if (auto ready = preflight(port); !ready) return tl::unexpected(ready.error());
  }
  // EAL says so too, but in its own words and on standard error.
  if (wants_hugepages(config) && free_hugepages() == 0) {
    return fail(ErrorCode::unavailable,
                "no free hugepages, which hugepages = true needs; reserve some: echo 128 > "
                "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  }
  auto arguments = eal_arguments(config);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  const AffinityKeeper keeper;
  auto log = std::make_unique<LogCapture>();
  if (rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) < 0) {
    const auto said = log->take();
    return fail(ErrorCode::unavailable,
                "DPDK does not start: " + advice(rte_errno, wants_hugepages(config)) +
                    (said.empty() ? "" : " (" + said + ")"));
  }
  return std::unique_ptr<Eal>(new Eal(std::move(log)));
}

Eal::Eal(std::unique_ptr<LogCapture> log) : log_(std::move(log)) {}
Eal::~Eal() {
  rte_eal_cleanup();
}
std::string Eal::take_log() {
  return log_->take();
}

}  // namespace usbgw::dpdk

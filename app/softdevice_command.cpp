#include "app/softdevice_command.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "usbside/device/software/catalogue.h"
#include "usbside/device/software/peer_loop.h"
#include "usbside/device/software/vhci_plug.h"

namespace usbgw::app {
namespace {

namespace software = device::software;
using Json = nlohmann::ordered_json;

Json to_json(const software::BusCounters& counters) {
  return {{"urbs", counters.urbs},
          {"unlinked", counters.unlinked},
          {"stalls", counters.stalls},
          {"naks", counters.naks}};
}

Json to_json(const software::PeerLoopStatistics& loop) {
  const auto microseconds = [](std::int64_t ns) { return static_cast<double>(ns) / 1e3; };
  return {{"realtime", loop.is_realtime},
          {"wakeups", loop.wakeups},
          {"reads", loop.reads},
          {"writes", loop.writes},
          {"late_p50_us", microseconds(loop.lateness.quantile(0.5))},
          {"late_p99_us", microseconds(loop.lateness.quantile(0.99))},
          {"late_max_us", microseconds(loop.lateness.max())}};
}

// Written aside and renamed, so that a reader never sees half a file.
Result<void> write_statistics(const std::string& path, const software::Function& function,
                              const software::UsbipPeer& peer,
                              const software::PeerLoopStatistics& loop) {
  if (path.empty()) return {};
  Json json = Json::parse(function.statistics());
  json["summary"] = function.summary();
  json["bus"] = to_json(peer.bus().counters());
  json["loop"] = to_json(loop);
  const std::string aside = path + ".new";
  std::ofstream file(aside);
  file << json.dump(2) << '\n';
  file.close();
  if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::io, with_errno(path, errno));
  }
  return {};
}

void report(const Result<void>& result) {
  if (!result) std::fprintf(stderr, "softdevice: %s\n", result.error().context.c_str());
}

}  // namespace

Result<int> run_softdevice(const SoftdeviceOptions& options) {
  auto function = software::make_function(options.device);
  if (!function) return tl::unexpected(function.error());
  const auto socket = software::plug_into_vhci(options.vhci_port, (*function)->description().speed);
  if (!socket) return tl::unexpected(socket.error());
  std::printf("softdevice: %s on vhci port %u\n", options.device.name.c_str(), options.vhci_port);
  std::fflush(stdout);

  software::UsbipPeer peer(**function, {options.device.bus_ppm, software::monotonic_now()});
  software::PeerLoopOptions loop;
  loop.socket = *socket;
  loop.fifo_priority = options.fifo_priority;
  loop.grid = options.wake_grid;
  if (options.run_for > Duration::zero()) loop.run_for = options.run_for;
  software::PeerLoopStatistics statistics;
  const auto dump = [&] {
    report(write_statistics(options.statistics_file, **function, peer, statistics));
  };
  const auto ended = software::run_peer(peer, loop, statistics, dump);
  close(*socket);
  const auto written = write_statistics(options.statistics_file, **function, peer, statistics);
  std::printf("softdevice: %s: %s\n", options.device.name.c_str(), (*function)->summary().c_str());
  std::fflush(stdout);
  if (!ended) return tl::unexpected(ended.error());
  if (!written) return tl::unexpected(written.error());
  return 0;
}

}  // namespace usbgw::app

#include "benchmarks/interrupt/run.h"

#include "common/byte_order.h"
#include "simulation/one_device.h"

namespace usbgw::benchmarks {
namespace {

using namespace std::chrono_literals;
using session::SessionCounter;
using simulation::DeviceModel;
using simulation::ModelUrb;

constexpr Duration kDrain = 3s;       // for the last reports, and the last count of datagrams
constexpr Duration kNoDevice = 300s;  // without a report, nothing will come

// Keeps the endpoint's URBs queued, as usbhid and snd-usbmidi do.
class ReportReader final : public simulation::DriverModel {
 public:
  ReportReader(const ReportKind& kind, const ReportSource& source, Duration base,
               ReportFigures& figures)
      : kind_(kind), source_(source), base_(base), figures_(figures) {}

  void configured(DeviceModel& device, const wire::Configuration&, Instant now) override {
    for (std::size_t i = 0; i < kind_.urbs; ++i) submit(device, now);
  }
  void completed(DeviceModel& device, ModelUrb&& urb, Instant now) override {
    if (urb.endpoint != kind_.endpoint || urb.status != UrbStatus::ok) return;
    if (urb.actual >= 4) hear(load_be<std::uint32_t>(urb.data.data()), now);
    submit(device, now);
  }
  void disconnected(Instant) override {}
  std::size_t turn(DeviceModel&, Instant) override { return 0; }

 private:
  void submit(DeviceModel& device, Instant now) {
    ModelUrb urb;
    urb.endpoint = kind_.endpoint;
    urb.length = kind_.urb_bytes;
    static_cast<void>(device.submit(std::move(urb), now));
  }
  void hear(std::uint32_t report, Instant now) {
    if (report < expected_) {
      ++figures_.repeated;
      return;
    }
    expected_ = report + 1;
    ++figures_.received;
    const Duration added = now - source_.given_at(report) - base_;
    figures_.added.record(std::max<std::int64_t>(added.count(), 0));
    const bool is_late = added > kBudget;
    figures_.late += is_late ? 1u : 0u;
    figures_.late_runs += is_late && !was_late_ ? 1u : 0u;
    was_late_ = is_late;
  }

  const ReportKind& kind_;
  const ReportSource& source_;
  Duration base_;
  ReportFigures& figures_;
  std::uint32_t expected_ = 0;
  bool was_late_ = false;
};

void count_traffic(simulation::WholeSystem& system, ReportFigures& figures) {
  for (const auto& peer : system.agent().peers()) {
    figures.sources += peer.counters[SessionCounter::sources_sent];
    figures.sent_again +=
        peer.counters[SessionCounter::repairs_sent] + peer.counters[SessionCounter::resends];
    figures.datagrams += peer.counters[SessionCounter::datagrams_sent];
    figures.bytes += peer.counters[SessionCounter::bytes_sent];
  }
  for (const auto& peer : system.host().peers()) {
    figures.datagrams_back += peer.counters[SessionCounter::datagrams_sent];
    figures.bytes_back += peer.counters[SessionCounter::bytes_sent];
  }
}

}  // namespace

ReportFigures& ReportFigures::operator+=(const ReportFigures& other) {
  given += other.given;
  received += other.received;
  lost += other.lost;
  repeated += other.repeated;
  late += other.late;
  late_runs += other.late_runs;
  added.merge(other.added);
  violations += other.violations;
  seconds += other.seconds;
  sources += other.sources;
  sent_again += other.sent_again;
  datagrams += other.datagrams;
  bytes += other.bytes;
  datagrams_back += other.datagrams_back;
  bytes_back += other.bytes_back;
  return *this;
}

ReportFigures run_reports(const ReportCase& one) {
  ReportFigures figures;
  simulation::VirtualClock clock;
  ReportSource source(one.kind, one.reports, one.seed);
  device::software::DeviceOptions options;
  options.name = one.kind.device;
  simulation::OneDevice devices(options, source);
  ReportReader reader(one.kind, source, one.network.delay, figures);
  simulation::SystemConfig config;
  config.seed = one.seed;
  config.agent_machine = config.host_machine = one.machine;
  config.to_host = config.to_agent = one.network;
  config.control_delay = one.network.delay;
  config.device = "software:" + one.kind.device;
  simulation::WholeSystem system(config, clock, devices, reader);
  const Instant start = clock.now();
  Instant newest = start;
  for (std::uint64_t before = 0; !source.is_over() && clock.now() - newest < kNoDevice;) {
    system.run_for(1s);
    if (source.given() > before) newest = clock.now();
    before = source.given();
  }
  system.run_for(kDrain);
  figures.seconds = std::chrono::duration<double>(clock.now() - start).count();
  figures.given = source.given();
  figures.lost = figures.given - figures.received;
  figures.violations = system.vhci().violations().size();
  count_traffic(system, figures);
  return figures;
}

}  // namespace usbgw::benchmarks

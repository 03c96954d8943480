#include "simulation/whole_system.h"

#include <algorithm>

namespace usbgw::simulation {
namespace {

// More wakings without time passing than any burst needs: a livelock is a bug.
constexpr int kMostAtOnce = 10'000;

UdpEndpoint endpoint(std::uint32_t host) {
  return {IpAddress::v4(0x0A140000 | host), 49'600};
}

UdpEndpoint second_endpoint(std::uint32_t host) {
  return {IpAddress::v4(0x0A150000 | host), 49'600};
}

// Far from every other seed of a run.
constexpr std::uint64_t kSecondSeed = std::uint64_t{1} << 40;

node::LocalNode local_node(std::string name, std::uint32_t host, const SystemConfig& config) {
  node::LocalNode node;
  node.name = std::move(name);
  node.version = "simulation";
  node.dataplane = endpoint(host);
  if (config.second_path) node.second_path = second_endpoint(host);
  node.max_datagram = config.max_payload;
  node.links.block_bytes = std::max<std::size_t>(config.max_payload, 2048);
  return node;
}

node::ExportRule export_rule(const SystemConfig& config) {
  node::ExportRule rule;
  rule.device = config.device;
  rule.tuning = config.tuning;
  rule.repair = config.repair;
  rule.packet_bytes = config.exported_packet_bytes;
  rule.playout = config.exported_playout;
  return rule;
}

}  // namespace

WholeSystem::WholeSystem(const SystemConfig& config, VirtualClock& clock,
                         device::DeviceProvider& devices, DriverModel& driver)
    : config_(config),
      clock_(clock),
      kernel_random_(config.seed * 16 + 15),
      threads_{SimulatedThread(clock, config.agent_machine.lateness, config.seed * 16 + 4),
               SimulatedThread(clock, config.host_machine.lateness, config.seed * 16 + 5),
               SimulatedThread(clock, config.host_machine.lateness, config.seed * 16 + 6),
               SimulatedThread(clock, config.agent_machine.lateness, config.seed * 16 + 7),
               SimulatedThread(clock, config.host_machine.lateness, config.seed * 16 + 8)},
      to_host_(config.to_host, config.seed * 4 + 1),
      to_agent_(config.to_agent, config.seed * 4 + 2),
      agent_port_(endpoint(1), config.max_payload),
      host_port_(endpoint(2), config.max_payload),
      second_(config.second_path ? new Second{Impairment(config.second_path->to_host,
                                                         config.seed * 4 + 1 + kSecondSeed),
                                              Impairment(config.second_path->to_agent,
                                                         config.seed * 4 + 2 + kSecondSeed),
                                              MemoryPort(second_endpoint(1), config.max_payload),
                                              MemoryPort(second_endpoint(2), config.max_payload)}
                                 : nullptr),
      switch_("agent", "host", config.control_delay, config.seed),
      numbers_(config.seed * 4 + 3),
      exports_("agent", {export_rule(config)}, devices, access_, {leases_, pins_}),
      agent_node_(local_node("agent", 1, config)),
      host_node_(local_node("host", 2, config)),
      agent_packets_({agent_port_, second_ ? &second_->agent_port : nullptr},
                     {threads_[kAgentData], threads_[kAgentData], threads_[kAgentControl]}),
      host_packets_({host_port_, second_ ? &second_->host_port : nullptr},
                    {threads_[kHostData], threads_[kHostData], threads_[kHostControl]}),
      agent_usb_(threads_[kAgentData], threads_[kAgentControl], threads_[kAgentData]),
      host_usb_(threads_[kHostData], threads_[kHostControl], threads_[kHostData]),
      vhci_(std::make_unique<VhciModel>(
          [&driver](host::VhciPort) -> DriverModel& { return driver; }, &threads_[kKernel])) {
  MemoryPort::join(agent_port_, host_port_, to_host_, to_agent_);
  agent_ = std::make_unique<node::AgentControl>(agent_node_, exports_, switch_, agent_usb_,
                                                agent_packets_, numbers_, log_);
  host_ = std::make_unique<node::HostControl>(host_node_, switch_, *vhci_, host_usb_, host_packets_,
                                              numbers_, log_);
  threads_[kAgentData].add(agent_packets_);
  threads_[kAgentData].add_punctual(agent_usb_);
  threads_[kAgentData].watch(agent_port_, config.agent_machine.port_look);
  threads_[kHostData].add(host_packets_);
  threads_[kHostData].add_punctual(host_usb_);
  threads_[kHostData].watch(host_port_, config.host_machine.port_look);
  if (second_) {
    MemoryPort::join(second_->agent_port, second_->host_port, second_->to_host, second_->to_agent);
    threads_[kAgentData].watch(second_->agent_port, config.agent_machine.port_look);
    threads_[kHostData].watch(second_->host_port, config.host_machine.port_look);
  }
  threads_[kKernel].add(*vhci_);
  threads_[kAgentControl].add(*agent_);
  threads_[kHostControl].add(*host_);
  host_->add_peer("agent");
  node::WantedAttachment wanted;
  wanted.peer = "agent";
  wanted.device = config.device;
  wanted.playout = config.playout;
  wanted.repair = config.repair;
  const auto attached = host_->attach(std::move(wanted));
  USBGW_ASSERT(attached.has_value());
}

WholeSystem::~WholeSystem() = default;

void WholeSystem::pass_events() {
  const auto pass = [&](node::PacketLoop& packets, auto& control, Thread thread) {
    if (!packets.has_event()) return;
    node::PacketEvent event;
    while (packets.take(event)) {
      if (control.take(event, clock_.now())) threads_[thread].wake();
    }
  };
  pass(agent_packets_, *agent_, kAgentControl);
  pass(host_packets_, *host_, kHostControl);
}

// What a thread does for the others beyond waking them: messages on their way, commands in rings
// and sockets that are read when the reader is up.
void WholeSystem::run_thread(std::size_t which) {
  const std::size_t work = threads_[which].run();
  switch (which) {
    case kAgentData:
    case kHostData:
      pass_events();
      break;
    case kKernel:
      if (vhci_->is_readable()) {
        const Duration late = config_.host_machine.lateness.draw(kernel_random_);
        threads_[kHostData].wake_at(clock_.now() + late);
      }
      break;
    case kAgentControl:
    case kHostControl:
      if (work == 0) break;
      threads_[kAgentControl].look_again();
      threads_[kHostControl].look_again();
      threads_[kAgentData].wake();
      threads_[kHostData].wake();
      threads_[kKernel].wake();
      break;
  }
}

void WholeSystem::run_until(Instant end) {
  for (SimulatedThread& thread : threads_) thread.wake();  // the caller may have changed anything
  int at_once = 0;
  while (true) {
    std::size_t first = 0;
    Instant when = kNever;
    for (std::size_t i = 0; i < kThreads; ++i) {
      const Instant next = threads_[i].next();
      if (next < when) when = next, first = i;
    }
    if (when >= end && when > clock_.now()) break;
    at_once = when > clock_.now() ? 0 : at_once + 1;
    USBGW_ASSERT(at_once < kMostAtOnce);
    clock_.advance_to(when);
    run_thread(first);
  }
  clock_.advance_to(std::max(end, clock_.now()));
}

void WholeSystem::run_for(Duration duration) {
  run_until(clock_.now() + duration);
}

bool WholeSystem::shut_down(Duration limit) {
  const Instant end = clock_.now() + limit;
  host_->stop();
  while (clock_.now() < end && !host_->is_stopped()) run_for(std::chrono::milliseconds(10));
  agent_->stop();
  while (clock_.now() < end && !agent_->is_stopped()) run_for(std::chrono::milliseconds(10));
  return host_->is_stopped() && agent_->is_stopped();
}

const host::AttachmentStatus* WholeSystem::status() {
  host_->request_status();
  for (int i = 0; i < 10'000 && !host_->has_status(); ++i) run_for(std::chrono::microseconds(100));
  const auto views = host_->attachments();
  return views.empty() ? nullptr : views.front().status;
}

}  // namespace usbgw::simulation

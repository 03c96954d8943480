#include "simulation/whole_system.h"

#include <algorithm>

namespace usbgw::simulation {
namespace {

// More rounds without time passing than any burst needs: a livelock is a bug.
constexpr int kMostRounds = 10'000;

UdpEndpoint endpoint(std::uint32_t host) {
  return {IpAddress::v4(0x0A140000 | host), 49'600};
}

node::LocalNode local_node(std::string name, UdpEndpoint at, std::size_t max_payload) {
  node::LocalNode node;
  node.name = std::move(name);
  node.version = "simulation";
  node.dataplane = at;
  node.max_datagram = max_payload;
  node.links.block_bytes = std::max<std::size_t>(max_payload, 2048);
  return node;
}

node::ExportRule export_rule(const SystemConfig& config) {
  node::ExportRule rule;
  rule.device = config.device;
  rule.tuning = config.tuning;
  rule.repair = config.repair;
  return rule;
}

}  // namespace

WholeSystem::WholeSystem(const SystemConfig& config, VirtualClock& clock,
                         device::DeviceProvider& devices, DriverModel& driver)
    : config_(config),
      clock_(clock),
      to_host_(config.to_host, config.seed * 4 + 1),
      to_agent_(config.to_agent, config.seed * 4 + 2),
      agent_port_(endpoint(1), config.max_payload),
      host_port_(endpoint(2), config.max_payload),
      switch_("agent", "host", config.control_delay, config.seed),
      numbers_(config.seed * 4 + 3),
      exports_("agent", {export_rule(config)}, devices, access_, {leases_, pins_}),
      agent_node_(local_node("agent", endpoint(1), config.max_payload)),
      host_node_(local_node("host", endpoint(2), config.max_payload)),
      agent_packets_(agent_port_, waker_, waker_),
      host_packets_(host_port_, waker_, waker_),
      agent_usb_(waker_, waker_, waker_),
      host_usb_(waker_, waker_, waker_),
      vhci_(std::make_unique<VhciModel>(
          [&driver](host::VhciPort) -> DriverModel& { return driver; })) {
  MemoryPort::join(agent_port_, host_port_, to_host_, to_agent_);
  agent_ = std::make_unique<node::AgentControl>(agent_node_, exports_, switch_, agent_usb_,
                                                agent_packets_, numbers_, log_);
  host_ = std::make_unique<node::HostControl>(host_node_, switch_, *vhci_, host_usb_, host_packets_,
                                              numbers_, log_);
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

std::size_t WholeSystem::turn_all(Instant now) {
  std::size_t work = 0;
  work += agent_packets_.turn(now);
  work += host_packets_.turn(now);
  work += agent_usb_.turn(now);
  work += host_usb_.turn(now);
  work += vhci_->turn(now);
  work += agent_->turn(now);
  work += host_->turn(now);
  node::PacketEvent event;
  while (agent_packets_.take(event)) static_cast<void>(agent_->take(event, now));
  while (host_packets_.take(event)) static_cast<void>(host_->take(event, now));
  return work;
}

Instant WholeSystem::next_deadline() const {
  return std::min({agent_packets_.next_deadline(), host_packets_.next_deadline(),
                   agent_usb_.next_deadline(), host_usb_.next_deadline(), vhci_->next_deadline(),
                   agent_->next_deadline(), host_->next_deadline()});
}

void WholeSystem::run_until(Instant end) {
  int rounds = 0;
  while (true) {
    while (turn_all(clock_.now()) > 0) {
      ++rounds;
      USBGW_ASSERT(rounds < kMostRounds);
    }
    const Instant next = next_deadline();
    if (next > clock_.now()) {
      rounds = 0;
      if (next >= end) break;
      clock_.advance_to(next);
    } else {
      ++rounds;  // something is due that a turn did not do: time must pass for it
      USBGW_ASSERT(rounds < kMostRounds);
      if (clock_.now() >= end) break;
      clock_.advance_to(clock_.now() + std::chrono::microseconds(1));
    }
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
  for (int i = 0; i < 100 && !host_->has_status(); ++i) run_for(std::chrono::microseconds(100));
  const auto views = host_->attachments();
  return views.empty() ? nullptr : views.front().status;
}

}  // namespace usbgw::simulation

#include "app/node_runtime.h"

#include <filesystem>
#include <thread>

#include "app/access.h"
#include "app/channels.h"
#include "app/devices.h"
#include "app/layer_structs.h"
#include "app/link_watch.h"
#include "app/real_clock.h"
#include "app/realtime_ports.h"
#include "app/system_numbers.h"
#include "app/worker.h"
#include "control/admin_server.h"
#include "node/node_control.h"
#include "simulation/impaired_port.h"
#include "simulation/memory_switch.h"
#include "usbside/host/vhci_controller.h"

namespace usbgw::app {
namespace {

constexpr unsigned kFusedBelowCpus = 4;
constexpr std::string_view kRingHostName = "ring-host";

node::LinkSizes link_sizes(std::size_t datagram) {
  node::LinkSizes sizes;
  sizes.block_bytes = (datagram + 63) / 64 * 64;
  return sizes;
}

bool is_fused(const config::WorkersSection& workers) {
  if (workers.fused) return **workers.fused;
  return std::thread::hardware_concurrency() < kFusedBelowCpus;
}

std::optional<int> core_of(const std::optional<config::Value<std::uint16_t>>& core) {
  if (!core) return std::nullopt;
  return **core;
}

}  // namespace

// Declared in the order of construction; workers go first.
struct NodeRuntime::Parts {
  Parts(const config::Document& document_in, Log& log_in, RuntimeOverrides overrides_in)
      : document(document_in), log(log_in), overrides(overrides_in) {}

  [[nodiscard]] Result<void> open();
  void make_ports();
  void make_workers();
  void watch_link(const dpdk::DpdkPort& port);
  [[nodiscard]] Result<void> make_agent(session::DatagramPort& port);
  [[nodiscard]] Result<void> make_host(session::DatagramPort& port);
  [[nodiscard]] Result<void> make_exports();
  void attach_configured();
  [[nodiscard]] node::LocalNode local_node(const session::DatagramPort& port) const;
  [[nodiscard]] Worker& worker(const char* name,
                               const std::optional<config::Value<std::uint16_t>>& core);

  const config::Document document;
  Log& log;
  const RuntimeOverrides overrides;
  Dataplane dataplane;
  std::vector<std::unique_ptr<simulation::ImpairedPort>> impaired;
  std::vector<session::DatagramPort*> ports;
  SystemNumbers numbers;
  std::unique_ptr<simulation::MemorySwitch> in_process;  // ring: no TCP between the roles
  std::unique_ptr<ChannelFactory> channels;
  std::unique_ptr<ConfiguredAccess> access;
  RealClock clock;
  RealWallClock wall_clock;
  std::unique_ptr<control::AuditSink> audit;
  control::MemoryLeaseStore lease_store;
  std::unique_ptr<control::LeaseManager> leases;
  control::MemoryPinStore pins;
  std::unique_ptr<device::DeviceProvider> devices;
  std::unique_ptr<host::VhciPorts> vhci;

  std::vector<std::unique_ptr<Worker>> workers;
  Worker* control_worker = nullptr;
  Worker* agent_packet_worker = nullptr;
  Worker* host_packet_worker = nullptr;
  Worker* agent_usb_worker = nullptr;
  Worker* host_usb_worker = nullptr;

  node::LocalNode agent_node;
  node::LocalNode host_node;
  std::vector<std::unique_ptr<node::PacketLoop>> packet_loops;
  std::unique_ptr<node::AgentUsbLoop> agent_usb;
  std::unique_ptr<node::HostUsbLoop> host_usb;
  std::unique_ptr<node::ExportDesk> exports;
  std::unique_ptr<node::AgentControl> agent;
  std::unique_ptr<node::HostControl> host;
  std::vector<std::unique_ptr<LinkWatch>> link_watches;
  std::unique_ptr<node::NodeControl> control;
  std::unique_ptr<control::AdminServer> admin;
};

Result<void> NodeRuntime::Parts::open() {
  // What needs root comes first.
  if (document.node.is_host && overrides.ports == nullptr) {
    auto opened = host::VhciController::open();
    if (!opened) return tl::unexpected(opened.error());
    const VhciThreads threads{*document.workers.realtime, core_of(document.workers.vhci_core)};
    vhci = std::make_unique<RealtimePorts>(std::move(*opened), threads, log);
  }
  auto started = start_dataplane(document);
  if (!started) return tl::unexpected(started.error());
  dataplane = std::move(*started);
  make_ports();
  make_workers();
  watch_link(*dataplane.ports.front());
  if (dataplane.second_path != nullptr) watch_link(*dataplane.second_path);
  if (document.uses_ring()) {
    in_process = std::make_unique<simulation::MemorySwitch>(
        *document.node.name, std::string(kRingHostName), Duration{}, SystemNumbers::random());
  } else {
    auto made = ChannelFactory::make(document, log);
    if (!made) return tl::unexpected(made.error());
    channels = std::move(*made);
  }
  if (document.node.is_agent) {
    if (auto made = make_agent(*ports.front()); !made) return made;
  }
  if (document.node.is_host) {
    if (auto made = make_host(*ports.back()); !made) return made;
  }
  std::vector<node::PacketLoop*> loops;
  for (const auto& loop : packet_loops) loops.push_back(loop.get());
  node::NodeDescription description;
  description.name = *document.node.name;
  description.version = USBGW_VERSION;
  description.port = document.ports_text();
  if (!document.attaches.empty())
    description.default_playout = playout_of(document.attaches.front());
  description.default_repair = repair_of(document.repair);
  control =
      std::make_unique<node::NodeControl>(description, std::move(loops), agent.get(), host.get());
  auto listening = control::AdminServer::listen(*document.admin.socket, *control);
  if (!listening) return tl::unexpected(listening.error());
  admin = std::move(*listening);
  control->answer_through(*admin);
  if (audit != nullptr) control->watch(*audit);
  control_worker->add(*control);
  control_worker->add(*admin);
  attach_configured();
  return {};
}

void NodeRuntime::Parts::make_ports() {
  const config::ImpairmentSection& worse = document.impairment;
  const simulation::ImpairmentProfile profile = profile_of(worse);
  std::uint64_t seed = *worse.seed;
  for (const auto& port : dataplane.ports) {
    if (!worse.is_none()) {
      impaired.push_back(std::make_unique<simulation::ImpairedPort>(*port, profile, seed++));
      ports.push_back(impaired.back().get());
    } else {
      ports.push_back(port.get());
    }
  }
}

Worker& NodeRuntime::Parts::worker(const char* name,
                                   const std::optional<config::Value<std::uint16_t>>& core) {
  WorkerConfig config;
  config.name = name;
  config.core = core_of(core);
  config.realtime = *document.workers.realtime;
  config.busy = *document.workers.idle == config::Idle::busy;
  config.live_sleep = *document.workers.idle_sleep;
  workers.push_back(std::make_unique<Worker>(config));
  return *workers.back();
}

void NodeRuntime::Parts::make_workers() {
  const config::WorkersSection& section = document.workers;
  if (overrides.ports_loop != nullptr || is_fused(section)) {
    Worker& all =
        worker("usbgw-data", section.packet_core ? section.packet_core : section.usb_core);
    agent_packet_worker = host_packet_worker = agent_usb_worker = host_usb_worker = &all;
  } else {
    agent_packet_worker = host_packet_worker = &worker("usbgw-packet", section.packet_core);
    agent_usb_worker = host_usb_worker = &worker("usbgw-usb", section.usb_core);
  }
  if (overrides.ports_loop != nullptr) {
    control_worker = agent_packet_worker;
    control_worker->add(*overrides.ports_loop);
    return;
  }
  WorkerConfig config;
  config.name = "usbgw-control";
  config.core = core_of(section.control_core);
  workers.push_back(std::make_unique<Worker>(config));
  control_worker = workers.back().get();
}

void NodeRuntime::Parts::watch_link(const dpdk::DpdkPort& port) {
  if (!port.needs_server()) return;
  link_watches.push_back(std::make_unique<LinkWatch>(
      [&port] { return port.is_link_up(); }, port.config().spec.name, !port.found_server(), log));
  control_worker->add(*link_watches.back());
}

node::LocalNode NodeRuntime::Parts::local_node(const session::DatagramPort& port) const {
  node::LocalNode local;
  local.name = *document.node.name;
  local.version = USBGW_VERSION;
  local.dataplane = port.local();
  local.max_datagram = port.max_payload(port.local());
  if (const auto* const second = dataplane.second_path.get()) {
    local.second_path = second->local();
    local.max_datagram = std::min(local.max_datagram, second->max_payload(second->local()));
  }
  local.links = link_sizes(local.max_datagram);
  return local;
}

Result<void> NodeRuntime::Parts::make_agent(session::DatagramPort& port) {
  packet_loops.push_back(std::make_unique<node::PacketLoop>(
      session::PathPorts{port, dataplane.second_path.get()},
      node::PacketWakers{agent_packet_worker->waker(), agent_usb_worker->waker(),
                         control_worker->waker()},
      &clock));
  agent_packet_worker->add(*packet_loops.back());
  agent_usb = std::make_unique<node::AgentUsbLoop>(
      agent_usb_worker->waker(), control_worker->waker(), agent_packet_worker->waker());
  agent_usb_worker->add(*agent_usb);
  if (auto made = make_exports(); !made) return made;
  agent_node = local_node(port);
  node::ChannelAcceptor* acceptor = in_process.get();
  if (acceptor == nullptr) {
    auto listening = channels->listen(document);
    if (!listening) return tl::unexpected(listening.error());
    acceptor = *listening;
  }
  agent = std::make_unique<node::AgentControl>(agent_node, *exports, *acceptor, *agent_usb,
                                               *packet_loops.back(), numbers, log);
  return {};
}

Result<void> NodeRuntime::Parts::make_exports() {
  access = std::make_unique<ConfiguredAccess>(document);
  auto provider = make_devices(document, clock, log);
  if (!provider) return tl::unexpected(provider.error());
  devices = std::move(*provider);
  std::vector<node::ExportRule> rules;
  for (const config::ExportEntry& entry : document.exports) {
    node::ExportRule rule;
    rule.device = entry.device->to_string();
    rule.tuning = tuning_of(entry);
    rule.packet_bytes = *entry.packet_bytes;
    if (entry.playout) rule.playout = **entry.playout;
    rule.repair = repair_of(document.repair);
    rules.push_back(std::move(rule));
  }
  if (document.audit.file->empty()) {
    audit = std::make_unique<control::NullAudit>();
  } else {
    std::error_code ignored;  // opening the file says what is wrong
    std::filesystem::create_directories(std::filesystem::path(*document.audit.file).parent_path(),
                                        ignored);
    auto opened = control::AuditLog::open(*document.audit.file, wall_clock, log);
    if (!opened) return tl::unexpected(opened.error());
    audit = std::move(*opened);
  }
  leases = std::make_unique<control::LeaseManager>(lease_store, *audit);
  exports = std::make_unique<node::ExportDesk>(*document.node.name, std::move(rules), *devices,
                                               *access, node::ExportRecords{*leases, pins});
  return {};
}

// Every configured peer has room beside as many hosts as the agent role takes.
static_assert(config::kMaxPeers + node::kMaxHostConnections <= node::kMaxSessions);

Result<void> NodeRuntime::Parts::make_host(session::DatagramPort& port) {
  // A node with both roles on one port has one packet loop for both.
  if (packet_loops.empty() || ports.size() > 1) {
    packet_loops.push_back(std::make_unique<node::PacketLoop>(
        session::PathPorts{port, dataplane.second_path.get()},
        node::PacketWakers{host_packet_worker->waker(), host_usb_worker->waker(),
                           control_worker->waker()},
        &clock));
    host_packet_worker->add(*packet_loops.back());
  }
  host_usb = std::make_unique<node::HostUsbLoop>(host_usb_worker->waker(), control_worker->waker(),
                                                 host_packet_worker->waker());
  host_usb_worker->add(*host_usb);
  host_node = local_node(port);
  node::ChannelMaker* maker = in_process.get();
  if (maker == nullptr) maker = channels.get();
  host = std::make_unique<node::HostControl>(host_node, *maker,
                                             overrides.ports != nullptr ? *overrides.ports : *vhci,
                                             *host_usb, *packet_loops.back(), numbers, log);
  return {};
}

void NodeRuntime::Parts::attach_configured() {
  if (host == nullptr) return;
  for (const config::PeerEntry& peer : document.peers) {
    host->add_peer(*peer.name, peer.control->to_string());
  }
  for (const config::AttachEntry& entry : document.attaches) {
    node::WantedAttachment wanted;
    wanted.peer = *entry.peer;
    wanted.device = entry.device->to_string();
    if (entry.vhci_port) wanted.port = host::VhciPort{**entry.vhci_port};
    wanted.playout = playout_of(entry);
    wanted.repair = repair_of(document.repair);
    const auto attached = host->attach(std::move(wanted));
    if (!attached) log.error(attached.error().context);
  }
}

NodeRuntime::NodeRuntime(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

NodeRuntime::~NodeRuntime() {
  for (const auto& worker : parts_->workers) worker->stop();
}

Result<std::unique_ptr<NodeRuntime>> NodeRuntime::make(const config::Document& document, Log& log,
                                                       RuntimeOverrides overrides) {
  auto parts = std::make_unique<Parts>(document, log, overrides);
  if (auto opened = parts->open(); !opened) return tl::unexpected(opened.error());
  return std::unique_ptr<NodeRuntime>(new NodeRuntime(std::move(parts)));
}

void NodeRuntime::start() {
  for (const auto& worker : parts_->workers) {
    for (const std::string& warning : worker->start()) parts_->log.warning(warning);
  }
}

namespace {

std::string in_milliseconds(Duration duration) {
  return std::to_string(duration.count() / 1'000'000) + "." +
         std::to_string(duration.count() / 1'000 % 1000 + 1000).substr(1) + " ms";
}

std::string describe(const Worker& worker) {
  const WorkerRecord& record = worker.record();
  return worker.name() + ": " + std::to_string(record.turns) + " turns, " +
         std::to_string(record.turns_with_work) + " with work; longest turn " +
         in_milliseconds(record.longest_turn) + " (at " +
         in_milliseconds(record.longest_turn_at - record.started) + "), latest wake-up " +
         in_milliseconds(record.latest_wake) + " late (at " +
         in_milliseconds(record.latest_wake_at - record.started) + ")";
}

}  // namespace

bool NodeRuntime::stop(Duration limit) {
  parts_->control->request_stop();
  parts_->control_worker->waker().wake();
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!parts_->control->is_stopped() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (!parts_->control->is_stopped()) return false;
  for (const auto& worker : parts_->workers) {
    worker->stop();
    parts_->log.info(describe(*worker));
  }
  return true;
}

simulation::ImpairmentCounts NodeRuntime::impairments() const {
  simulation::ImpairmentCounts sum;
  for (const auto& port : parts_->impaired) sum += port->impairment().counts();
  return sum;
}

std::vector<std::string> NodeRuntime::worker_records() const {
  std::vector<std::string> lines;
  for (const auto& worker : parts_->workers) lines.push_back(describe(*worker));
  return lines;
}

}  // namespace usbgw::app

#include "tests/node/host_bench.h"

#include <gtest/gtest.h>

namespace usbgw::node {
namespace {

constexpr std::size_t kPayload = 1452;
constexpr Duration kStep = std::chrono::milliseconds(1);
constexpr Duration kRun = std::chrono::milliseconds(50);  // beyond the host's look at a port

UdpEndpoint host_endpoint() {
  return {IpAddress::v4(0x0A140002), 49'600};
}

LocalNode local_node() {
  LocalNode node;
  node.name = "room";
  node.version = "test";
  node.dataplane = host_endpoint();
  node.max_datagram = kPayload;
  return node;
}

wire::Attached grant_of(const std::string& id, AttachmentId attachment, std::uint64_t request) {
  device::software::DeviceOptions options;
  options.name = "counter";
  device::software::SoftwareDevice device(std::move(*device::software::make_function(options)), 0,
                                          id);
  wire::Attached attached;
  attached.request = request;
  attached.attachment = attachment;
  attached.info.id = id;
  attached.device_descriptor = device.info().device_descriptor;
  attached.configuration_descriptors = device.info().configuration_descriptors;
  return attached;
}

}  // namespace

class QuietPorts::Socket final : public host::VhciSocket {
 public:
  explicit Socket(std::shared_ptr<bool> is_plugged) : is_plugged_(std::move(is_plugged)) {}
  std::size_t read(std::span<std::byte>) override { return 0; }
  bool write(std::span<const std::byte>, std::span<const std::byte>,
             std::span<const std::byte>) override {
    return *is_plugged_;
  }
  std::size_t flush() override { return 0; }
  bool is_closed() const override { return !*is_plugged_; }

 private:
  std::shared_ptr<bool> is_plugged_;
};

Result<QuietPorts::Attached> QuietPorts::attach(Speed, std::optional<host::VhciPort>) {
  if (leaving) return fail(ErrorCode::busy, "the port still has its last device");
  is_plugged_.push_back(std::make_shared<bool>(true));
  return Attached{host::VhciPort{static_cast<std::uint32_t>(is_plugged_.size() - 1)},
                  std::make_unique<Socket>(is_plugged_.back())};
}

Result<host::VhciPortState> QuietPorts::state(host::VhciPort port) const {
  if (*is_plugged_.at(port.value())) return host::VhciPortState::used;
  return port == leaving ? host::VhciPortState::leaving : host::VhciPortState::free;
}

Result<std::vector<host::VhciPortStatus>> QuietPorts::list() const {
  std::vector<host::VhciPortStatus> ports;
  if (leaving) ports.push_back({*leaving, false, host::VhciPortState::leaving});
  return ports;
}

Result<void> QuietPorts::detach(host::VhciPort port) {
  *is_plugged_.at(port.value()) = false;
  return {};
}

std::size_t QuietPorts::used() const {
  return static_cast<std::size_t>(std::count_if(is_plugged_.begin(), is_plugged_.end(),
                                                [](const auto& plugged) { return *plugged; }));
}

HostBench::HostBench()
    : port_(host_endpoint(), kPayload),
      local_(local_node()),
      packets_(port_, {waker_, waker_, waker_}),
      usb_(waker_, waker_, waker_),
      host_(local_, maker_, ports, usb_, packets_, numbers_, log) {
  host_.add_peer("stage", "10.20.0.1:7443");
  run();
  EXPECT_EQ(connections(), 1u);
}

Result<std::unique_ptr<control::ReliableChannel>> HostBench::Maker::connect(const std::string& peer,
                                                                            Instant) {
  if (!bench.unreachable.empty()) return fail(ErrorCode::io, bench.unreachable);
  auto [ours, theirs] =
      simulation::MemoryChannel::make_pair("room", peer, Duration{}, bench.agents_.size() + 1);
  bench.agents_.push_back(std::make_unique<TestHost>(peer, std::move(theirs)));
  bench.agents_.back()->greet();
  return std::unique_ptr<control::ReliableChannel>(std::move(ours));
}

std::size_t HostBench::turn_all() {
  const Instant now = clock.now();
  std::size_t work = packets_.turn(now);
  work += usb_.turn(now);
  work += host_.turn(now);
  PacketEvent event;
  while (packets_.take(event)) static_cast<void>(host_.take(event, now));
  for (const auto& agent : agents_) work += agent->turn(now);
  for (Loop* const loop : also) work += loop->turn(now);
  return work;
}

void HostBench::run() {
  run_for(kRun);
}

void HostBench::run_for(Duration duration) {
  const Instant end = clock.now() + duration;
  while (clock.now() < end) {
    for (int rounds = 0; turn_all() > 0; ++rounds) ASSERT_LT(rounds, 10'000);
    clock.advance_to(std::min(end, clock.now() + kStep));
  }
}

Result<AttachmentHandle> HostBench::attach(const std::string& device) {
  WantedAttachment wanted;
  wanted.peer = "stage";
  wanted.device = device;
  wanted.keep = false;
  auto attached = host_.attach(std::move(wanted));
  run();
  return attached;
}

void HostBench::attach_as(AttachmentId attachment, const std::string& device) {
  ASSERT_TRUE(attach(device).has_value());
  grant(attachment, device);
}

void HostBench::grant(AttachmentId attachment, const std::string& device) {
  const auto request = agent().take<wire::Attach>();
  ASSERT_TRUE(request.has_value());
  agent().send(wire::SessionMessage{grant_of(device, attachment, request->request)});
  run();
}

std::vector<std::string> HostBench::attachments() {
  std::vector<std::string> lines;
  for (const auto& view : host_.attachments())
    lines.push_back(view.device + " " + std::string(to_string(view.phase)));
  return lines;
}

}  // namespace usbgw::node

#include "simulation/vhci_model.h"

#include <algorithm>

namespace usbgw::simulation {
namespace {

constexpr std::uint32_t kPorts = 16;  // the first half high speed, the second superspeed

}  // namespace

// Both ends of one port's socket. The gateway's end may outlive the port and the other way round.
struct VhciModel::Line {
  struct Shared {
    std::vector<std::byte> replies;
    std::vector<std::byte> reading;  // the same memory again and again
    Waker* kernel = nullptr;
    std::unique_ptr<DeviceModel> device;
    bool gateway_closed = false;
    bool kernel_closed = false;
  };
  host::VhciPort port;
  std::shared_ptr<Shared> shared;
};

class VhciModel::Socket final : public host::VhciSocket {
 public:
  explicit Socket(std::shared_ptr<Line::Shared> shared) : shared_(std::move(shared)) {}
  ~Socket() override {
    shared_->gateway_closed = true;
    if (shared_->kernel != nullptr) shared_->kernel->wake();
  }

  [[nodiscard]] std::size_t read(std::span<std::byte> to) override {
    return shared_->kernel_closed ? 0 : shared_->device->take_commands(to);
  }
  [[nodiscard]] bool write(std::span<const std::byte> head, std::span<const std::byte> payload,
                           std::span<const std::byte> tail) override {
    if (shared_->kernel_closed) return false;
    for (const auto part : {head, payload, tail}) {
      shared_->replies.insert(shared_->replies.end(), part.begin(), part.end());
    }
    if (shared_->kernel != nullptr) shared_->kernel->wake();
    return true;
  }
  std::size_t flush() override { return 0; }
  [[nodiscard]] bool is_closed() const override { return shared_->kernel_closed; }

 private:
  std::shared_ptr<Line::Shared> shared_;
};

VhciModel::VhciModel(std::function<DriverModel&(host::VhciPort)> driver, Waker* kernel)
    : driver_(std::move(driver)), kernel_(kernel) {}

VhciModel::~VhciModel() = default;

Result<host::VhciPorts::Attached> VhciModel::attach(Speed speed,
                                                    std::optional<host::VhciPort> wanted) {
  const std::uint32_t first = speed >= Speed::super ? kPorts / 2 : 0;
  for (std::uint32_t number = first; number < first + kPorts / 2; ++number) {
    const host::VhciPort port{number};
    if (wanted && *wanted != port) continue;
    const bool taken =
        std::any_of(lines_.begin(), lines_.end(), [&](const auto& l) { return l->port == port; });
    if (taken) continue;
    auto line = std::make_unique<Line>();
    line->port = port;
    line->shared = std::make_shared<Line::Shared>();
    line->shared->kernel = kernel_;
    line->shared->device = std::make_unique<DeviceModel>(speed, driver_(port));
    Attached attached{port, std::make_unique<Socket>(line->shared)};
    lines_.push_back(std::move(line));
    return attached;
  }
  return fail(wanted ? ErrorCode::busy : ErrorCode::exhausted,
              "no free port of the modelled vhci for this speed");
}

Result<host::VhciPortState> VhciModel::state(host::VhciPort port) const {
  for (const auto& line : lines_) {
    if (line->port != port) continue;
    return line->shared->device->is_addressed() ? host::VhciPortState::used
                                                : host::VhciPortState::attached;
  }
  return host::VhciPortState::free;
}

Result<void> VhciModel::detach(host::VhciPort port) {
  for (const auto& line : lines_) {
    if (line->port == port) line->shared->kernel_closed = true;
  }
  return {};
}

Result<std::vector<host::VhciPortStatus>> VhciModel::list() const {
  std::vector<host::VhciPortStatus> ports;
  for (std::uint32_t number = 0; number < kPorts; ++number) {
    const host::VhciPort port{number};
    ports.push_back({port, number >= kPorts / 2, *state(port)});
  }
  return ports;
}

std::size_t VhciModel::turn(Instant now) {
  std::size_t work = 0;
  for (const auto& line : lines_) {
    Line::Shared& shared = *line->shared;
    if (!shared.replies.empty()) {
      shared.reading.swap(shared.replies);
      shared.device->give_replies(shared.reading, now);
      shared.reading.clear();
      ++work;
    }
    if (shared.kernel_closed || shared.gateway_closed || !shared.device->is_connected()) {
      shared.device->disconnect(now);
      shared.kernel_closed = true;
      const auto& faults = shared.device->violations();
      ended_violations_.insert(ended_violations_.end(), faults.begin(), faults.end());
      ended_wait_ = std::max(ended_wait_, shared.device->longest_isochronous_wait());
      line->port = host::VhciPort{UINT32_MAX};
      ++work;
      continue;
    }
    work += shared.device->turn(now);
  }
  std::erase_if(lines_, [](const auto& line) { return line->port == host::VhciPort{UINT32_MAX}; });
  return work;
}

Instant VhciModel::next_deadline() const {
  Instant next = kNever;
  for (const auto& line : lines_) {
    const Line::Shared& shared = *line->shared;
    if (!shared.replies.empty() || shared.kernel_closed || shared.gateway_closed) return Instant{};
    next = std::min(next, shared.device->next_deadline());
  }
  return next;
}

bool VhciModel::is_readable() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& line) {
    return line->shared->kernel_closed || line->shared->device->has_commands();
  });
}

std::vector<std::string> VhciModel::violations() const {
  std::vector<std::string> all = ended_violations_;
  for (const auto& line : lines_) {
    const auto& faults = line->shared->device->violations();
    all.insert(all.end(), faults.begin(), faults.end());
  }
  return all;
}

Duration VhciModel::longest_isochronous_wait() const {
  Duration longest = ended_wait_;
  for (const auto& line : lines_)
    longest = std::max(longest, line->shared->device->longest_isochronous_wait());
  return longest;
}

}  // namespace usbgw::simulation

// A device that reports on one polled endpoint by a script, with the descriptors of the software
// device it stands for. Each report carries its number; when it was given is kept beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/random.h"
#include "usbside/device/software/function.h"
#include "usbside/device/software/software_device.h"

namespace usbgw::benchmarks {

// How a kind of device reports, and how its driver reads.
struct ReportKind {
  std::string name;
  std::string device;  // of the catalogue
  EndpointAddress endpoint;
  std::size_t report_bytes = 0;
  std::size_t urbs = 0;         // that the driver keeps queued
  std::uint32_t urb_bytes = 0;  // of each: a multiple of wMaxPacketSize
  Duration pause{};             // mean between two bursts, exponential; zero: one burst without end
  unsigned burst_most = 1;      // reports of a burst, 1 to this, equally likely
  Duration spacing{};           // within a burst
};

class ReportSource final : public device::software::Function {
 public:
  ReportSource(const ReportKind& kind, std::uint64_t reports, std::uint64_t seed);

  [[nodiscard]] const device::software::Description& description() const override {
    return function_->description();
  }
  [[nodiscard]] device::software::Handshake control(const SetupPacket& setup,
                                                    std::span<std::byte> data,
                                                    Instant now) override {
    return function_->control(setup, data, now);
  }
  [[nodiscard]] device::software::Handshake data_in(EndpointAddress endpoint,
                                                    std::span<std::byte> room,
                                                    Instant now) override;
  [[nodiscard]] Instant ready_at(EndpointAddress endpoint) const override;
  [[nodiscard]] std::string statistics() const override { return function_->statistics(); }
  [[nodiscard]] std::string summary() const override { return function_->summary(); }

  [[nodiscard]] std::uint64_t given() const { return given_; }
  [[nodiscard]] bool is_over() const { return given_ == reports_; }
  // Of one of the newest 65536 reports.
  [[nodiscard]] Instant given_at(std::uint64_t report) const {
    return given_at_[report % kRemembered];
  }

 private:
  static constexpr std::size_t kRemembered = 1u << 16;
  void plan_next();

  ReportKind kind_;
  std::unique_ptr<device::software::Function> function_;
  std::uint64_t reports_;
  Random random_;
  bool has_begun_ = false;
  Instant next_{};
  std::uint64_t left_in_burst_ = 0;
  std::uint64_t given_ = 0;
  std::vector<Instant> given_at_ = std::vector<Instant>(kRemembered);
};

}  // namespace usbgw::benchmarks

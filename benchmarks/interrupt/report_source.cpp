#include "benchmarks/interrupt/report_source.h"

#include "common/byte_order.h"
#include "usbside/device/software/catalogue.h"

namespace usbgw::benchmarks {
namespace {

using device::software::Handshake;

std::unique_ptr<device::software::Function> function_of(const ReportKind& kind) {
  device::software::DeviceOptions options;
  options.name = kind.device;
  return *device::software::make_function(options);
}

}  // namespace

ReportSource::ReportSource(const ReportKind& kind, std::uint64_t reports, std::uint64_t seed)
    : kind_(kind), function_(function_of(kind)), reports_(reports), random_(seed) {}

Handshake ReportSource::data_in(EndpointAddress endpoint, std::span<std::byte> room, Instant now) {
  if (endpoint != kind_.endpoint || is_over()) return Handshake::nak();
  if (!has_begun_) {
    has_begun_ = true;
    next_ = now;
  }
  if (now < next_) return Handshake::nak();
  const std::size_t bytes = std::min(kind_.report_bytes, room.size());
  std::fill_n(room.begin(), bytes, std::byte{});
  store_be<std::uint32_t>(room.data(), static_cast<std::uint32_t>(given_));
  given_at_[given_++ % kRemembered] = now;
  plan_next();
  return Handshake::ack(bytes);
}

void ReportSource::plan_next() {
  next_ += kind_.spacing;
  if (kind_.pause == Duration{} || left_in_burst_-- > 0) return;
  left_in_burst_ = random_.below(kind_.burst_most);
  next_ += Duration(
      static_cast<Duration::rep>(random_.exponential(static_cast<double>(kind_.pause.count()))));
}

Instant ReportSource::ready_at(EndpointAddress endpoint) const {
  if (endpoint != kind_.endpoint || is_over()) return kNever;
  return has_begun_ ? next_ : Instant{};
}

}  // namespace usbgw::benchmarks

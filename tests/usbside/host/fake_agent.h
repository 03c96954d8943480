// The agent as the host's attachment sees it: records what was asked, plays an isochronous device
// on its own clock into an attachment, and collects OUT data from the outbound link.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "tests/usbside/host/test_device.h"
#include "usbside/host/host_attachment.h"
#include "wire/clock_report.h"
#include "wire/isochronous_body.h"

namespace usbgw::host::test {

class FakeAgent final : public HostAttachmentSink {
 public:
  FakeAgent() : link(512, 2048, 512) {}

  void submit(wire::UrbSubmit&& urb) override { submits.push_back(std::move(urb)); }
  void cancel(const wire::UrbCancel& cancel) override { cancels.push_back(cancel); }
  void open_stream(const wire::StreamOpen& open) override { opens.push_back(open); }
  void close_stream(const wire::StreamClose& close) override { closes.push_back(close); }
  void reports_taken(const wire::StreamTaken& value) override { taken.push_back(value); }
  void margin_moved(const wire::StreamMargin& value) override { margins.push_back(value); }
  StreamLink& outbound() override { return link; }
  [[nodiscard]] std::size_t source_bytes() const override { return largest_source; }

  // Takes what the attachment has published: whole intervals by index, put together.
  void collect();

  std::vector<wire::UrbSubmit> submits;
  std::vector<wire::UrbCancel> cancels;
  std::vector<wire::StreamOpen> opens;
  std::vector<wire::StreamClose> closes;
  std::vector<wire::StreamTaken> taken;
  std::vector<wire::StreamMargin> margins;
  StreamLink link;
  std::size_t largest_source = 1400;

  struct OutInterval {
    std::vector<std::byte> bytes;
    Instant written{};  // the last time
    Instant sent{};
  };
  std::map<std::int64_t, OutInterval> received;
  bool expects_rewriting = false;  // of intervals whose URBs the driver took back
  std::int64_t next_source = 0;
  std::size_t sources = 0;
};

// One isochronous endpoint on the agent's bus clock: agent time = host time + skew; interval n
// completes at start + n * interval * (1 + ppm).
class FakeBus {
 public:
  FakeBus(Duration interval, Duration skew, double ppm, Instant start)
      : interval_(interval), skew_(skew), ppm_(ppm), start_(start) {}

  // Host time at which interval n completes.
  [[nodiscard]] Instant host_time(std::int64_t index) const {
    return start_ + Duration{static_cast<std::int64_t>(
                        static_cast<double>(index * interval_.count()) * (1 + ppm_ * 1e-6))};
  }
  [[nodiscard]] Instant stamp(std::int64_t index) const { return host_time(index) + skew_; }
  [[nodiscard]] PathEstimate path(Duration one_way) const;

  Duration interval_;
  Duration skew_;
  double ppm_;
  Instant start_;
};

struct IntervalBytes {
  wire::Interval interval;
  std::vector<std::byte> bytes;
};

// A body with these intervals, a whole transfer unless said otherwise, encoded.
[[nodiscard]] std::vector<std::byte> encode_body(std::int64_t first, Instant stamp,
                                                 const std::vector<IntervalBytes>& intervals,
                                                 const std::vector<std::uint16_t>& history = {},
                                                 bool begins_transfer = true);
[[nodiscard]] StreamItem item_of(EndpointAddress endpoint, StreamEpoch epoch, Instant arrival,
                                 Provenance provenance = Provenance::direct);
// 16-bit stereo frames that count: frame k holds k in both channels.
[[nodiscard]] std::vector<std::byte> counting_frames(std::int64_t first_frame, std::size_t frames);
[[nodiscard]] std::vector<std::byte> encode_report(const wire::ClockReport& report);

}  // namespace usbgw::host::test

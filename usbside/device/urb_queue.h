// Bulk and interrupt URBs of the host: handed to the device in order, answered in endpoint order,
// each exactly once. A URB that was cancelled empty-handed is answered at once, because it holds no
// bytes that another could overtake.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "usbside/device/device_stream.h"
#include "usbside/device/urb_reply.h"

namespace usbgw::device {

inline constexpr std::size_t kMaxPendingUrbs = 256;
inline constexpr std::size_t kMaxPendingBytes = std::size_t{64} << 20;
// At the device at one time: half of usbfs's default of 16 MB, so that streams fit beside it.
inline constexpr std::size_t kMaxBytesAtDevice = std::size_t{8} << 20;

class UrbQueue final : public TransferOwner {
 public:
  explicit UrbQueue(StreamContext& context) : context_(context) {}

  void submit(wire::UrbSubmit&& request);
  // False: no such URB here.
  bool cancel(TransactionId transaction);
  void cancel_all();
  // What is not at the device is answered with `status`.
  void drop_waiting(UrbStatus status);
  [[nodiscard]] bool is_empty() const { return pending_ == 0; }

  void on_complete(Transfer& transfer, Instant completed) override;

 private:
  using Line = std::deque<std::unique_ptr<PendingUrb>>;

  [[nodiscard]] UrbStatus check(const wire::UrbSubmit& request) const;
  Line& line_of(EndpointAddress endpoint) {
    return lines_[endpoint.number() + (endpoint.is_in() ? 16u : 0u)];
  }
  void pump();
  bool pump(Line& line);
  void start(PendingUrb& urb);
  void give_back_transfer(PendingUrb& urb);
  void deliver(Line& line);
  void answer(PendingUrb& urb);
  void cancel(PendingUrb& urb);

  StreamContext& context_;
  std::array<Line, 32> lines_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::size_t pending_ = 0;
  std::size_t pending_bytes_ = 0;
  std::size_t at_device_bytes_ = 0;
};

}  // namespace usbgw::device

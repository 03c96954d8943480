// The agent's side of one attachment: answers the host's URBs through the device, runs the device's
// own isochronous and polled streams, and forwards what they give. Sans-IO; the USB worker owns it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "common/stream_link.h"
#include "common/timeline.h"
#include "usbside/device/device_counters.h"
#include "usbside/device/usb_device.h"
#include "wire/stream_request.h"
#include "wire/urb_message.h"

namespace usbgw::device {

// Isochronous schedule of the agent (design: streams, not URBs).
struct StreamTuning {
  Duration transfer =
      std::chrono::milliseconds(1);  // bus time of one libusb transfer; at least one interval
  Duration in_ring = std::chrono::milliseconds(32);  // IN submitted ahead; outlives a blocking call
  Duration out_ahead = std::chrono::milliseconds(2);  // OUT submitted ahead: pure latency
  // Intervals of OUT data that may come before they are submitted; 0: 640 ms of them. Never less
  // than what a driver queues.
  std::size_t out_window = 0;
};

// Where an attachment's results go. Called on the USB worker; nothing here blocks or re-enters.
class DeviceAttachmentSink {
 public:
  virtual ~DeviceAttachmentSink() = default;
  // `type` is the endpoint's: answers of one endpoint travel in one class, or they would overtake
  // each other.
  virtual void reply(wire::UrbReply&& reply, TransferType type) = 0;
  virtual void stream_opened(const wire::StreamOpened& opened) = 0;
  // The outbound link of the session; the attachment claims, publishes and retires.
  virtual StreamLink& outbound() = 0;
  virtual void device_gone() = 0;
};

class DeviceAttachment {
 public:
  DeviceAttachment(AttachmentId id, UsbDevice& device, const StreamTuning& tuning,
                   DeviceAttachmentSink& sink);
  ~DeviceAttachment();

  // From the control channel, in its order.
  void submit(wire::UrbSubmit&& urb);
  void cancel(TransactionId transaction);
  void open_stream(const wire::StreamOpen& open, Instant now);
  void close_stream(const wire::StreamClose& close);
  // The next turn() reads on.
  void reports_taken(const wire::StreamTaken& taken);

  // OUT data from the session; valid during the call only.
  void receive(const StreamItem& item, std::span<const std::byte> body, Instant now);

  // Polls the device, feeds rings, sends clock reports.
  std::size_t turn(Instant now);
  [[nodiscard]] Instant next_deadline() const;

  // Cancels everything; idle when is_drained(). The device can then be given back (alternate
  // settings 0).
  void begin_detach();
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] bool has_open_streams() const;
  [[nodiscard]] const DeviceCounters& counters() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace usbgw::device

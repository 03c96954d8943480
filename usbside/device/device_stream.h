// One stream of one endpoint on the agent: its own transfers, resubmitted from their completions,
// independent of the host's URBs. Isochronous IN and OUT and polled IN derive from it.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "common/stream_link.h"
#include "usbside/device/device_attachment.h"
#include "usbside/device/device_counters.h"
#include "usbside/device/usb_device.h"
#include "wire/descriptors.h"
#include "wire/stream_request.h"

namespace usbgw::device {

// What every stream of an attachment shares; outlives the streams.
struct StreamContext {
  UsbDevice& device;
  DeviceAttachmentSink& sink;
  DeviceCounters& counters;
  Instant now{};  // of the turn or call in progress
};

// What a stream is: fixed while it is open.
struct StreamSetup {
  wire::StreamOpen open;
  std::uint8_t interface = 0;
  wire::Endpoint endpoint;
  Duration interval{};
  std::optional<wire::AudioFormat> audio;  // isochronous streams of audio alternate settings
};

class DeviceStream : public TransferOwner {
 public:
  DeviceStream(const StreamSetup& setup, StreamContext& context)
      : setup_(setup), context_(context) {}

  // Fills the ring; called once.
  virtual void start() = 0;
  // Retries what could not be done before; returns the work done.
  virtual std::size_t turn() = 0;
  // When turn() must run although no transfer completes.
  [[nodiscard]] virtual Instant next_deadline() const = 0;
  virtual void receive(const StreamItem& item, std::span<const std::byte> body) {
    static_cast<void>(item), static_cast<void>(body);
  }
  // Polled: the host's running total since the stream opened.
  virtual void reports_taken(std::uint64_t reports) { static_cast<void>(reports); }
  // CLEAR_FEATURE(HALT) in two steps: before the command everything is cancelled and flushed, after
  // it the stream goes on.
  virtual void pause_for_halt() = 0;
  virtual void resume_after_halt() = 0;

  // What has come for the device still goes to it, then the stream closes.
  virtual void finish() { begin_close(); }
  [[nodiscard]] virtual bool is_finishing() const { return false; }
  // Nothing is submitted or published from now on; what is in flight is cancelled a few transfers a
  // turn, because each cancellation is a system call and other streams have deadlines.
  void begin_close();
  // The next few; returns their number.
  std::size_t continue_close();
  [[nodiscard]] bool has_more_to_cancel() const { return closing_ && to_cancel_ > 0; }
  [[nodiscard]] bool is_closing() const { return closing_; }
  [[nodiscard]] bool is_idle() const;  // no transfer in flight
  [[nodiscard]] const StreamSetup& setup() const { return setup_; }
  // What StreamOpened tells the host.
  [[nodiscard]] virtual Duration submit_ahead() const { return {}; }

 protected:
  virtual void closed() {}
  // A completion is reaped after the turn began.
  void take_time(Instant reaped) { context_.now = std::max(context_.now, reaped); }
  // `count` transfers with `bytes` of buffer each, all idle.
  void make_ring(std::size_t count, std::size_t iso_packets, std::size_t bytes);
  void cancel_ring();
  [[nodiscard]] std::span<const std::unique_ptr<Transfer>> ring() const { return ring_; }
  [[nodiscard]] std::span<std::byte> buffer_of(const Transfer& transfer);
  // Largest body that one block and one datagram hold.
  [[nodiscard]] std::size_t capacity() const;
  // Publishes one item whose body `fill` writes (it returns the size); false: nothing was sent.
  template <class Fill>
  bool publish(ItemKind kind, SourceNumber source, Instant time, Fill&& fill) {
    StreamLink& link = context_.sink.outbound();
    const auto claim = link.claim();
    if (!claim) return false;
    const auto size = fill(claim->bytes.first(std::min(claim->bytes.size(), capacity())));
    const bool sent = size && link.publish(item_for(kind, source, time, claim->block, *size));
    link.retire(claim->block);
    return sent;
  }

  StreamSetup setup_;
  StreamContext& context_;

 private:
  [[nodiscard]] StreamItem item_for(ItemKind kind, SourceNumber source, Instant time,
                                    BlockIndex block, std::size_t size) const;

  std::vector<std::unique_ptr<Transfer>> ring_;
  std::vector<std::byte> memory_;
  std::size_t bytes_each_ = 0;
  bool closing_ = false;
  std::size_t to_cancel_ = 0;  // transfers 0 to this, newest ring slots first
};

[[nodiscard]] std::unique_ptr<DeviceStream> make_isochronous_in(const StreamSetup& setup,
                                                                const StreamTuning& tuning,
                                                                StreamContext& context);
[[nodiscard]] std::unique_ptr<DeviceStream> make_isochronous_out(const StreamSetup& setup,
                                                                 const StreamTuning& tuning,
                                                                 StreamContext& context);
[[nodiscard]] std::unique_ptr<DeviceStream> make_polled_in(const StreamSetup& setup,
                                                           StreamContext& context);

// Intervals per transfer and transfers per ring for a bus time of `ring`.
struct RingShape {
  std::size_t intervals = 1;
  std::size_t transfers = 2;
};
[[nodiscard]] RingShape shape_of(Duration interval, Duration transfer, Duration ring,
                                 std::size_t least_transfers);

}  // namespace usbgw::device

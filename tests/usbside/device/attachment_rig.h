// A DeviceAttachment on a FakeDevice, with everything it gives recorded.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/usbside/device/fake_device.h"
#include "usbside/device/device_attachment.h"
#include "wire/clock_report.h"
#include "wire/interrupt_body.h"
#include "wire/isochronous_body.h"

namespace usbgw::device {

inline constexpr AttachmentId kAttachment{3};

struct AttachmentRig : DeviceAttachmentSink {
  explicit AttachmentRig(std::size_t blocks = 256, const StreamTuning& tuning = {})
      : link(blocks, 2048, 1024), attachment(kAttachment, device, tuning, *this) {}
  ~AttachmentRig() override {
    attachment.begin_detach();
    for (int i = 0; i < 100 && !attachment.is_drained(); ++i) {
      if (device.is_commanding()) device.finish_command(UrbStatus::ok);
      step(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(attachment.is_drained());
    EXPECT_EQ(device.in_flight(), 0u);
  }

  void reply(wire::UrbReply&& reply, TransferType) override { replies.push_back(std::move(reply)); }
  void stream_opened(const wire::StreamOpened& value) override { opened.push_back(value); }
  StreamLink& outbound() override { return link; }
  void device_gone() override { ++gone; }

  // Time passes, then one turn.
  void step(Duration time) {
    now += time;
    attachment.turn(now);
    if (is_draining) drain();
  }
  void run(Duration time, Duration each = std::chrono::microseconds(250)) {
    for (const Instant end = now + time; now < end;) step(each);
  }
  void drain() {
    StreamItem item;
    while (link.pop(item)) {
      const auto bytes = link.bytes(item);
      items.push_back({item, {bytes.begin(), bytes.end()}});
      if (is_taking)
        take(static_cast<std::uint64_t>(item.source.value()) + 1, item.epoch, item.stream);
      link.release(item);
    }
  }

  // The host's word on a polled stream.
  void take(std::uint64_t reports, StreamEpoch epoch, StreamId stream) {
    const EndpointAddress endpoint(static_cast<std::uint8_t>(stream.value() & 0xFF));
    attachment.reports_taken({kAttachment, endpoint, epoch, reports});
  }

  wire::UrbSubmit urb(std::uint64_t transaction, EndpointAddress endpoint, TransferType type,
                      std::uint32_t length) {
    wire::UrbSubmit submit;
    submit.attachment = kAttachment;
    submit.transaction = TransactionId{transaction};
    submit.endpoint = endpoint;
    submit.type = type;
    submit.length = length;
    if (!endpoint.is_in()) submit.data.resize(length);
    return submit;
  }
  wire::UrbSubmit control(std::uint64_t transaction, const SetupPacket& setup) {
    auto submit =
        urb(transaction, EndpointAddress(0, setup.is_in() ? Direction::in : Direction::out),
            TransferType::control, setup.length);
    submit.setup = setup;
    return submit;
  }
  wire::StreamOpen open(EndpointAddress endpoint, wire::StreamKind kind, std::uint32_t packet_bytes,
                        std::uint8_t epoch = 1) {
    wire::StreamOpen value;
    value.attachment = kAttachment;
    value.endpoint = endpoint;
    value.epoch = StreamEpoch{epoch};
    value.kind = kind;
    value.packet_bytes = packet_bytes;
    value.source_bytes = 1400;
    return value;
  }
  // SET_INTERFACE through to its answer.
  void select(std::uint8_t interface, std::uint8_t alternate) {
    const std::uint64_t transaction = 1'000'000 + replies.size();
    attachment.submit(control(transaction, {0x01, 11, alternate, interface, 0}));
    for (int i = 0; i < 50 && !has_reply(transaction); ++i) {
      if (device.is_commanding()) device.finish_command(UrbStatus::ok);
      step(std::chrono::microseconds(250));
    }
    ASSERT_TRUE(has_reply(transaction));
  }

  [[nodiscard]] std::size_t count_of(std::uint64_t transaction) const {
    return static_cast<std::size_t>(
        std::count_if(replies.begin(), replies.end(),
                      [&](const auto& r) { return r.transaction.value() == transaction; }));
  }
  [[nodiscard]] bool has_reply(std::uint64_t transaction) const {
    return count_of(transaction) > 0;
  }
  [[nodiscard]] const wire::UrbReply& reply_to(std::uint64_t transaction) const {
    return *std::find_if(replies.begin(), replies.end(),
                         [&](const auto& r) { return r.transaction.value() == transaction; });
  }

  struct Received {
    StreamItem item;
    std::vector<std::byte> bytes;
  };

  Instant now{std::chrono::seconds(1)};
  FakeDevice device{now};
  StreamLink link;
  bool is_draining = true;  // the session takes what is published
  bool is_taking = true;    // and the host's driver reads it
  std::vector<wire::UrbReply> replies;
  std::vector<wire::StreamOpened> opened;
  std::vector<Received> items;
  int gone = 0;
  DeviceAttachment attachment;
};

}  // namespace usbgw::device

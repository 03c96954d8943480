// The stream messages of wire/session.proto as plain structs, so that USB workers never touch
// protobuf.
#pragma once

#include <cstdint>

#include "common/timeline.h"
#include "common/usb.h"

namespace usbgw::wire {

enum class StreamKind : std::uint8_t { isochronous = 0, polled = 1 };

struct StreamOpen {
  AttachmentId attachment;
  EndpointAddress endpoint;
  StreamEpoch epoch;
  StreamKind kind = StreamKind::isochronous;
  std::uint32_t packet_bytes = 0;   // isochronous: bytes per interval; polled: the URB's length
  std::uint32_t source_bytes = 0;   // largest source symbol that fits the path
  Duration playout{};               // D
  std::uint32_t urb_intervals = 0;  // isochronous IN: of the driver's URBs; 0: any
  std::uint32_t max_payload = 0;    // largest UDP payload that carries its data; 0: the path's
};

struct StreamOpened {
  AttachmentId attachment;
  EndpointAddress endpoint;
  StreamEpoch epoch;
  bool ok = false;
  Duration interval{};
  Duration submit_ahead{};  // OUT: how far ahead of the bus the agent submits
};

struct StreamClose {
  AttachmentId attachment;
  EndpointAddress endpoint;
  StreamEpoch epoch;
};

// Of a polled stream, from its opening on: reports that the agent may have sent and the host has
// not said taken. At this bound the agent reads no more from the device, which keeps what it has to
// say.
inline constexpr std::uint32_t kMaxUntakenReports = 512;

// The host has got rid of so many reports since the stream opened: a running total, so that saying
// it again does no harm.
struct StreamTaken {
  AttachmentId attachment;
  EndpointAddress endpoint;
  StreamEpoch epoch;
  std::uint64_t reports = 0;
};

// The playout margin of an isochronous stream has moved: what repairs it has more time now, or
// less.
struct StreamMargin {
  AttachmentId attachment;
  EndpointAddress endpoint;
  StreamEpoch epoch;
  Duration playout{};  // D
};

}  // namespace usbgw::wire

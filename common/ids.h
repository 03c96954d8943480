// The ids that several layers share. An id local to one layer lives in that layer.
#pragma once

#include <cstdint>

#include "common/strong.h"

namespace usbgw {

// An export in use by one host; chosen by the agent, unique within one session.
using AttachmentId = Strong<struct AttachmentIdTag, std::uint8_t>;

// One isochronous or interrupt endpoint of one attachment, within one session:
// attachment id in the high byte, bEndpointAddress in the low byte. Derived, so never negotiated.
using StreamId = Strong<struct StreamIdTag, std::uint16_t>;

// Counts the openings of one stream, so that records of an earlier opening are told apart. Wraps.
using StreamEpoch = Strong<struct StreamEpochTag, std::uint8_t>;

// Number of a source symbol within one opening of a stream, from 0. On the wire 32 bits; unwrapped
// here.
using SourceNumber = Strong<struct SourceNumberTag, std::int64_t>;

// Number of a USB service interval within one opening of a stream, from 0. On the wire 32 bits.
using IntervalIndex = Strong<struct IntervalIndexTag, std::int64_t>;

// One URB's name on the control channel; chosen by the host, never reused within a connection.
using TransactionId = Strong<struct TransactionIdTag, std::uint64_t>;

}  // namespace usbgw

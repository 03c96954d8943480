// Cuts the byte stream of a USB/IP socket into PDUs. The buffer is allocated once, for the largest
// PDU that is taken; a peer's counts only decide how long the reader waits, never what it
// allocates. A PDU with more data than that is given without its data (`data_dropped`), which the
// reader skips, so that the owner can refuse one URB instead of losing the device.
//
// One thread. Spans that next() gives are valid until the following call of room() or next().
#pragma once

#include <optional>
#include <vector>

#include "wire/usbip.h"

namespace usbgw::wire::usbip {

inline constexpr std::size_t kDefaultMaxTransfer = std::size_t{1} << 20;

// Bytes between the socket and the decoder.
class StreamBuffer {
 public:
  explicit StreamBuffer(std::size_t max_transfer);
  // Where the next read() may put bytes; never empty while next() is called until it gives nothing.
  [[nodiscard]] std::span<std::byte> room();
  void commit(std::size_t bytes);
  [[nodiscard]] std::span<const std::byte> pending() const;
  void consume(std::size_t bytes);
  // Consumes what is here and will consume what has not come yet.
  void skip(std::size_t bytes);
  [[nodiscard]] std::size_t capacity() const { return bytes_.size(); }

 private:
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t to_skip_ = 0;
};

struct CommandPdu {
  Command command;
  std::span<const std::byte> data;  // OUT: exactly Submit::length bytes
  IsoDescriptors packets;           // isochronous: each lies inside the transfer's length
  bool data_dropped = false;
};

// What vhci sends. Only the owner knows from the device's descriptors which endpoints are
// isochronous; the header does not say.
class CommandReader {
 public:
  explicit CommandReader(std::size_t max_transfer = kDefaultMaxTransfer) : buffer_(max_transfer) {}
  void set_isochronous(EndpointAddress endpoint, bool is_isochronous);
  void clear_isochronous() { isochronous_ = 0; }

  [[nodiscard]] std::span<std::byte> room() { return buffer_.room(); }
  void commit(std::size_t bytes) { buffer_.commit(bytes); }
  // The next whole PDU, if it is here. After an error the stream cannot be followed further.
  [[nodiscard]] WireResult<std::optional<CommandPdu>> next();

 private:
  [[nodiscard]] bool is_isochronous(EndpointAddress endpoint) const;

  StreamBuffer buffer_;
  std::size_t given_ = 0;
  std::uint32_t isochronous_ = 0;  // bit: endpoint number, + 16 for IN
};

struct ReplyPdu {
  Reply reply;
  std::span<const std::byte> data;  // IN: exactly SubmitReply::actual bytes
  IsoDescriptors packets;
  bool data_dropped = false;
};

// What vhci knows of a submitted URB when its answer comes (vhci_rx.c finds it by seqnum).
struct SubmittedShape {
  bool is_in = false;
  bool is_isochronous = false;
  std::uint32_t length = 0;
};

class SubmittedUrbs {
 public:
  virtual ~SubmittedUrbs() = default;
  [[nodiscard]] virtual std::optional<SubmittedShape> find(std::uint32_t seqnum) const = 0;
};

// What a device's side sends, read as vhci does: for tests and the simulation's model of vhci. An
// unknown seqnum and more data than submitted are errors, as they disconnect a real vhci.
class ReplyReader {
 public:
  explicit ReplyReader(const SubmittedUrbs& submitted,
                       std::size_t max_transfer = kDefaultMaxTransfer)
      : submitted_(submitted), buffer_(max_transfer) {}
  [[nodiscard]] std::span<std::byte> room() { return buffer_.room(); }
  void commit(std::size_t bytes) { buffer_.commit(bytes); }
  [[nodiscard]] WireResult<std::optional<ReplyPdu>> next();

 private:
  const SubmittedUrbs& submitted_;
  StreamBuffer buffer_;
  std::size_t given_ = 0;
};

}  // namespace usbgw::wire::usbip

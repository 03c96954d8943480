// VhciSocket over our end of an AF_UNIX stream socket pair. One sendmsg a PDU; what the kernel does
// not take waits in a bounded backlog. Never a receive time-out: vhci's end would take -EAGAIN with
// URBs pending for a dead connection (drivers/usb/usbip/vhci_rx.c, vhci_rx_pdu).
#pragma once

#include <memory>
#include <vector>

#include "common/result.h"
#include "usbside/host/vhci_socket.h"

namespace usbgw::host {

class VhciStreamSocket final : public VhciSocket {
 public:
  // Owns `descriptor`, which must be non-blocking. The backlog takes `backlog_bytes` beyond what
  // the socket holds; at least one largest PDU.
  VhciStreamSocket(int descriptor, std::size_t backlog_bytes);
  ~VhciStreamSocket() override;
  VhciStreamSocket(const VhciStreamSocket&) = delete;
  VhciStreamSocket& operator=(const VhciStreamSocket&) = delete;

  // Ours, and the one for vhci, which the caller closes once vhci has taken its reference.
  struct Pair {
    std::unique_ptr<VhciStreamSocket> ours;
    int theirs = -1;
  };
  [[nodiscard]] static Result<Pair> make_pair();

  [[nodiscard]] std::size_t read(std::span<std::byte> to) override;
  [[nodiscard]] bool write(std::span<const std::byte> head, std::span<const std::byte> payload,
                           std::span<const std::byte> tail) override;
  std::size_t flush() override;
  [[nodiscard]] bool has_backlog() const override { return begin_ < end_; }
  [[nodiscard]] bool is_closed() const override { return closed_; }
  void append_descriptors(std::vector<int>& readable) const override;
  void polled(const ReadyDescriptors& ready) override;

 private:
  [[nodiscard]] bool keep(std::span<const std::byte> bytes);

  int descriptor_;
  bool closed_ = false;
  bool is_known_empty_ = false;     // the next read() need not ask
  std::vector<std::byte> backlog_;  // sized once
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace usbgw::host

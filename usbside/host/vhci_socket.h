// Our end of the socket pair whose other end vhci_hcd holds, or the simulation's model of it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "common/loop.h"

namespace usbgw::host {

class VhciSocket {
 public:
  virtual ~VhciSocket() = default;
  // Bytes that the kernel has sent, up to to.size(); 0: nothing now, or closed.
  [[nodiscard]] virtual std::size_t read(std::span<std::byte> to) = 0;
  // One PDU, whole, in one system call where the socket takes it; what it does not take now is kept
  // and goes out first next time. False once the socket is closed or its bounded backlog is full.
  [[nodiscard]] virtual bool write(std::span<const std::byte> head,
                                   std::span<const std::byte> payload,
                                   std::span<const std::byte> tail) = 0;
  // Retries the backlog; returns the bytes that went out.
  virtual std::size_t flush() = 0;
  // Something waits in it: that the descriptor becomes writable means work.
  [[nodiscard]] virtual bool has_backlog() const { return false; }
  // The kernel closed its end: the port was detached.
  [[nodiscard]] virtual bool is_closed() const = 0;
  virtual void append_descriptors(std::vector<int>& readable) const { static_cast<void>(readable); }
  // See Loop.
  virtual void polled(const ReadyDescriptors& ready) { static_cast<void>(ready); }
};

}  // namespace usbgw::host

// The XDP program that hands an af_xdp port the UDP datagrams of one port and leaves all else to the
// kernel (steer_udp.bpf.c), compiled in and given to DPDK as an anonymous file.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"

namespace usbgw::dpdk {

class XdpProgram {
 public:
  XdpProgram() = default;  // none
  [[nodiscard]] static Result<XdpProgram> make(std::uint16_t udp_port);
  ~XdpProgram();
  XdpProgram(XdpProgram&& other) noexcept;
  XdpProgram& operator=(XdpProgram&&) = delete;

  // Valid while this lives; empty when there is none.
  [[nodiscard]] std::string path() const;

 private:
  explicit XdpProgram(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace usbgw::dpdk

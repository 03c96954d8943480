// The XDP program that hands an af_xdp port the UDP datagrams of one port and leaves all else to
// the kernel (steer_udp.bpf.c), compiled in and given to DPDK as an anonymous file.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"

namespace usbgw::dpdk {

class XdpProgram {
 public:
  XdpProgram() = default;  // none
  // Takes the interface for this process, and removes a program of ours that a killed process left
  // attached. Another's program is an error.
  [[nodiscard]] static Result<XdpProgram> make(const std::string& interface,
                                               std::uint16_t udp_port);
  ~XdpProgram();
  XdpProgram(XdpProgram&& other) noexcept;
  XdpProgram& operator=(XdpProgram&&) = delete;

  // Of the ELF file, for DPDK; valid while this lives, empty when there is none.
  [[nodiscard]] std::string path() const;

 private:
  int object_ = -1;  // the program as an ELF file in memory
  int claim_ = -1;   // the socket whose name says that the interface is ours
};

}  // namespace usbgw::dpdk

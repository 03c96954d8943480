// The system calls behind the control channel: non-blocking TCP sockets over IPv4 and IPv6.
#pragma once

#include <cstdint>
#include <optional>

#include "common/ip_address.h"
#include "common/result.h"
#include "control/file_descriptor.h"

namespace usbgw::control {

// An address and a port, whatever the transport.
using SocketAddress = UdpEndpoint;

struct SocketOptions {
  std::uint8_t dscp = 0;                      // 0..63, RFC 2474
  std::uint8_t priority = 0;                  // SO_PRIORITY, 0..6; more needs CAP_NET_ADMIN
  std::uint64_t pacing_bytes_per_second = 0;  // SO_MAX_PACING_RATE; 0: no limit
  // TCP_NOTSENT_LOWAT: what may wait in the kernel, so that control overtakes bulk with us.
  std::uint32_t unsent_bytes = 32768;
};

// Bound to local.port (0: any, ask local_address()); [::] takes IPv4 too.
[[nodiscard]] Result<FileDescriptor> listen_tcp(const SocketAddress& local,
                                                const SocketOptions& options);

struct Accepted {
  FileDescriptor socket;
  SocketAddress remote;
};
// Nothing when nobody waits.
[[nodiscard]] Result<std::optional<Accepted>> accept_tcp(int listener,
                                                         const SocketOptions& options);

// Begins to connect, from `local` unless it is unspecified; connect_error() tells the outcome.
[[nodiscard]] Result<FileDescriptor> connect_tcp(const SocketAddress& remote,
                                                 const IpAddress& local,
                                                 const SocketOptions& options);
// Nothing while the connection is being made; then 0 or an errno value.
[[nodiscard]] std::optional<int> connect_error(int socket);

[[nodiscard]] Result<SocketAddress> local_address(int socket);

}  // namespace usbgw::control

// Two channels over a socket pair, both ends turned by the test under a clock of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>

#include "control/tls_channel.h"
#include "tests/tls_files.h"

namespace usbgw::test {

inline const UdpEndpoint kClientAddress{IpAddress::v4(0x0A000001), 50000};
inline const UdpEndpoint kServerAddress{IpAddress::v4(0x0A000002), 7443};

inline std::pair<control::FileDescriptor, control::FileDescriptor> socket_pair() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  return {control::FileDescriptor(ends[0]), control::FileDescriptor(ends[1])};
}

class ChannelPair {
 public:
  explicit ChannelPair(const crypto::TlsContext& client_context,
                       const crypto::TlsContext& server_context,
                       const std::string& expected_peer = {},
                       const control::ChannelConfig& config = {}) {
    auto [client_end, server_end] = socket_pair();
    client = std::make_unique<control::TlsChannel>(
        std::move(client_end), control::SocketProgress::connected, kServerAddress,
        client_context.connect(expected_peer, kServerAddress.to_string()), config, now);
    server = std::make_unique<control::TlsChannel>(
        std::move(server_end), control::SocketProgress::connected, kClientAddress,
        server_context.accept(kClientAddress.to_string()), config, now);
  }
  // Until neither end has anything to do.
  void settle() {
    while (client->turn(now) + server->turn(now) != 0) {
    }
  }
  void pass(Duration duration) {
    now += duration;
    settle();
  }

  Instant now{std::chrono::hours(1)};
  std::unique_ptr<control::TlsChannel> client;
  std::unique_ptr<control::TlsChannel> server;
};

}  // namespace usbgw::test

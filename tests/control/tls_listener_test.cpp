// The listener and its clients over real TCP on loopback, both turned by the test.
#include "control/tls_listener.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/tls_channel.h"
#include "tests/tls_files.h"

namespace usbgw::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::TestAuthority;

const IpAddress kLoopback4 = IpAddress::parse("127.0.0.1").value();
const IpAddress kLoopback6 = IpAddress::parse("::1").value();

// A container may have no IPv6 at all.
bool has_ipv6() {
  return listen_tcp({kLoopback6, 0}, {}).has_value();
}

// Loopback delivers within the kernel, so waiting on the descriptors ends as soon as there is work.
void wait_for_input(const std::vector<Loop*>& loops) {
  std::vector<pollfd> polled;
  for (const Loop* loop : loops) {
    std::vector<int> readable;
    std::vector<int> writable;
    loop->append_descriptors(readable);
    loop->append_writable(writable);
    for (const int fd : readable) polled.push_back({fd, POLLIN, 0});
    for (const int fd : writable) polled.push_back({fd, POLLOUT, 0});
  }
  constexpr int kStuckMs = 10'000;
  ASSERT_GT(::poll(polled.data(), polled.size(), kStuckMs), 0) << "nothing more will happen";
}

class TlsListenerTest : public ::testing::Test {
 protected:
  TlsListenerTest()
      : server_context(authority.context("stage-a")), client_context(authority.context("host-1")) {}
  std::unique_ptr<TlsListener> listen(const IpAddress& address, const SocketOptions& options = {},
                                      std::size_t untaken = 8) {
    auto listener = TlsListener::open(server_context, {{address, 0}, options, {}, 4, untaken});
    EXPECT_TRUE(listener) << listener.error().context;
    return std::move(*listener);
  }
  // A channel that is connecting.
  std::unique_ptr<TlsChannel> connect(const SocketAddress& remote,
                                      const std::string& expected = "stage-a") {
    auto socket = connect_tcp(remote, IpAddress(), {});
    EXPECT_TRUE(socket) << socket.error().context;
    return std::make_unique<TlsChannel>(std::move(*socket), SocketProgress::connecting, remote,
                                        client_context.connect(expected, remote.to_string()),
                                        ChannelConfig{}, now);
  }
  // Turns both until `done`.
  template <class Done>
  void run(TlsListener& listener, TlsChannel& client, Done done) {
    while (!done() && !HasFatalFailure()) {
      if (listener.turn(now) + client.turn(now) == 0 && !done())
        wait_for_input({&listener, &client});
    }
  }
  Instant now{seconds(1000)};
  TestAuthority authority;
  crypto::TlsContext server_context;
  crypto::TlsContext client_context;
};

TEST_F(TlsListenerTest, ConnectsOverIpv4AndIpv6) {
  for (const IpAddress& address : {kLoopback4, kLoopback6}) {
    if (address == kLoopback6 && !has_ipv6()) GTEST_SKIP() << "no IPv6 loopback here";
    auto listener = listen(address);
    const auto client = connect(listener->local());
    std::unique_ptr<TlsChannel> server;
    run(*listener, *client, [&] {
      if (!server) server = listener->take();
      return server && client->state() == ChannelState::open;
    });
    ASSERT_TRUE(server);
    EXPECT_EQ(client->peer(), "stage-a");
    EXPECT_EQ(server->peer(), "host-1");
    EXPECT_EQ(server->remote().address, address);
  }
}

TEST_F(TlsListenerTest, AddressInUseIsNamed) {
  const auto first = listen(kLoopback4);
  const auto second = TlsListener::open(server_context, {first->local(), {}, {}, 4, 8});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::busy);
  EXPECT_EQ(second.error().context, first->local().to_string() + " is in use by another program");
}

TEST_F(TlsListenerTest, AddressOfAnotherMachineIsNamed) {
  const auto listener =
      TlsListener::open(server_context, {{IpAddress::parse("192.0.2.1").value(), 0}, {}, {}, 4, 8});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().context, "no interface of this machine has the address 192.0.2.1");
}

TEST_F(TlsListenerTest, RefusedPeerIsReportedOnBothEnds) {
  auto listener = listen(kLoopback4);
  const auto client = connect(listener->local(), "stage-b");
  std::optional<std::string> refusal;
  run(*listener, *client, [&] {
    if (!refusal) refusal = listener->take_refusal();
    return refusal && client->state() == ChannelState::closed;
  });
  EXPECT_EQ(client->close_reason(), "certificate of " + listener->local().to_string() +
                                        " is for 'stage-a', expected 'stage-b'");
  EXPECT_NE(refusal->find("refused our certificate ('stage-a')"), std::string::npos) << *refusal;
  EXPECT_EQ(listener->refusals(), 1u);
  EXPECT_EQ(listener->take(), nullptr);
}

TEST_F(TlsListenerTest, NobodyListeningIsSaidByTheClient) {
  const SocketAddress gone = listen(kLoopback4)->local();
  const auto client = connect(gone);
  while (client->state() == ChannelState::connecting) client->turn(now);
  EXPECT_EQ(client->state(), ChannelState::closed);
  EXPECT_NE(client->close_reason().find("Connection refused"), std::string::npos)
      << client->close_reason();
}

TEST_F(TlsListenerTest, StrangersThatSayNothingGiveWayToNewerOnes) {
  auto listener = listen(kLoopback4);
  std::vector<FileDescriptor> strangers;
  for (int i = 0; i < 6; ++i) {
    strangers.push_back(connect_tcp(listener->local(), IpAddress(), {}).value());
    while (!connect_error(strangers.back().get())) {
    }
    listener->turn(now);
  }
  EXPECT_EQ(listener->refusals(), 2u);
  const auto client = connect(listener->local());
  run(*listener, *client, [&] { return client->state() != ChannelState::connecting; });
  EXPECT_EQ(client->state(), ChannelState::open) << client->close_reason();
}

bool listens(const TlsListener& listener) {
  std::vector<int> readable;
  listener.append_descriptors(readable);
  return std::any_of(readable.begin(), readable.end(), [](int fd) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
  });
}

TEST_F(TlsListenerTest, NothingMoreIsAcceptedWhileEnoughWaitToBeTaken) {
  auto listener = listen(kLoopback4, {}, 2);
  std::vector<std::unique_ptr<TlsChannel>> clients;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(listens(*listener));
    clients.push_back(connect(listener->local()));
    run(*listener, *clients.back(), [&] { return clients.back()->state() == ChannelState::open; });
  }
  run(*listener, *clients.back(), [&] { return !listens(*listener); });
  const auto late = connect_tcp(listener->local(), IpAddress(), {});
  ASSERT_TRUE(late);
  while (!connect_error(late->get())) {
  }
  const auto descriptors = [&] {
    while (listener->turn(now) > 0) {
    }
    std::vector<int> readable;
    listener->append_descriptors(readable);
    return readable.size();
  };
  EXPECT_EQ(descriptors(), 2u);  // the late one waits in the kernel, and wakes nobody
  EXPECT_NE(listener->take(), nullptr);
  EXPECT_TRUE(listens(*listener));
  EXPECT_EQ(descriptors(), 3u);  // the listener's, the other client's, the late one's
}

TEST_F(TlsListenerTest, ConnectionThatEndsUntakenMakesRoom) {
  auto listener = listen(kLoopback4, {}, 1);
  auto client = connect(listener->local());
  run(*listener, *client, [&] { return !listens(*listener); });
  client->close("changed my mind");
  run(*listener, *client, [&] { return listens(*listener); });
  EXPECT_EQ(listener->take(), nullptr);
  EXPECT_EQ(listener->refusals(), 1u);
}

// The process may open no more descriptors.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const FileDescriptor lowest_free(::dup(STDOUT_FILENO));
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~NoMoreDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

TEST_F(TlsListenerTest, OutOfDescriptors_PausesSaysSoOnceAndGoesOn) {
  auto listener = listen(kLoopback4);
  const auto client = connect_tcp(listener->local(), IpAddress(), {});
  ASSERT_TRUE(client);
  while (!connect_error(client->get())) {
  }
  {
    const NoMoreDescriptors none;
    for (int second = 0; second < 3; ++second, now += seconds(1)) {
      for (int turn = 0; turn < 5; ++turn) EXPECT_EQ(listener->turn(now), 0u);
      EXPECT_FALSE(listens(*listener));
      EXPECT_EQ(listener->next_deadline(), now + seconds(1));
    }
  }
  EXPECT_EQ(listener->refusals(), 1u);
  EXPECT_NE(listener->take_refusal()->find("Too many open files"), std::string::npos);
  EXPECT_GT(listener->turn(now), 0u);
  EXPECT_TRUE(listens(*listener));
}

TEST_F(TlsListenerTest, SocketsCarryTheirMarking) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 loopback here";
  SocketOptions options;
  options.dscp = 26;  // AF31
  options.priority = 4;
  options.pacing_bytes_per_second = 12'500'000;
  auto listener = listen(kLoopback6, options);
  const auto client = connect_tcp(listener->local(), IpAddress(), options);
  ASSERT_TRUE(client) << client.error().context;
  int value = 0;
  socklen_t size = sizeof value;
  ASSERT_EQ(::getsockopt(client->get(), IPPROTO_IPV6, IPV6_TCLASS, &value, &size), 0);
  EXPECT_EQ(value, 26 << 2);
  ASSERT_EQ(::getsockopt(client->get(), SOL_SOCKET, SO_PRIORITY, &value, &size), 0);
  EXPECT_EQ(value, 4);
  std::uint64_t rate = 0;
  size = sizeof rate;
  ASSERT_EQ(::getsockopt(client->get(), SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &size), 0);
  EXPECT_EQ(rate, 12'500'000u);
}

TEST_F(TlsListenerTest, PriorityThatNeedsMoreRightsIsRefusedInWords) {
  SocketOptions options;
  options.priority = 7;
  const auto socket = connect_tcp({kLoopback4, 1}, IpAddress(), options);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().context, "socket priority 7 is not one of 0 to 6");
}

}  // namespace
}  // namespace usbgw::control

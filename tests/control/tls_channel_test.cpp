#include "control/tls_channel.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/control/channel_pair.h"

namespace usbgw::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ChannelPair;
using test::TestAuthority;
using wire::MessageType;

class TlsChannelTest : public ::testing::Test {
 protected:
  TlsChannelTest()
      : client_context(authority.context("host-1")), server_context(authority.context("stage-a")) {}
  ChannelPair open_pair(const ChannelConfig& config = {}) {
    ChannelPair pair(client_context, server_context, "stage-a", config);
    pair.settle();
    EXPECT_EQ(pair.client->state(), ChannelState::open) << pair.client->close_reason();
    EXPECT_EQ(pair.server->state(), ChannelState::open) << pair.server->close_reason();
    return pair;
  }
  TestAuthority authority;
  crypto::TlsContext client_context;
  crypto::TlsContext server_context;
};

Message message(MessageType type, std::size_t bytes, std::uint8_t fill = 1) {
  return {type, std::vector<std::byte>(bytes, std::byte{fill})};
}

// Opens a connection by hand, so that a test can put any bytes into it.
struct RawClient {
  RawClient(const crypto::TlsContext& client_context, const crypto::TlsContext& server_context) {
    auto [client_end, server_end] = test::socket_pair();
    socket = std::move(client_end);
    tls = client_context.connect("", "server");
    server = std::make_unique<TlsChannel>(
        std::move(server_end), SocketProgress::connected, test::kClientAddress,
        server_context.accept(test::kClientAddress.to_string()), ChannelConfig{}, now);
    for (int round = 0; round < 6; ++round) exchange();
    EXPECT_EQ(tls->state(), crypto::TlsState::open);
  }
  void exchange() {
    std::vector<std::byte> buffer(65536);
    const std::size_t bytes = tls->take_output(buffer);
    if (bytes > 0) {
      EXPECT_GT(::send(socket.get(), buffer.data(), bytes, MSG_NOSIGNAL), 0);
    }
    server->turn(now);
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) tls->receive(std::span(buffer).first(static_cast<std::size_t>(got)));
  }
  void say(std::vector<std::byte> plain) {
    EXPECT_TRUE(tls->write(plain));
    exchange();
  }
  Instant now{seconds(3600)};
  FileDescriptor socket;
  std::unique_ptr<crypto::TlsConnection> tls;
  std::unique_ptr<TlsChannel> server;
};

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST_F(TlsChannelTest, BothEndsOpenAndKnowEachOther) {
  const auto pair = open_pair();
  EXPECT_EQ(pair.client->peer(), "stage-a");
  EXPECT_EQ(pair.server->peer(), "host-1");
}

TEST_F(TlsChannelTest, NothingIsSentBeforeItIsOpen) {
  ChannelPair pair(client_context, server_context, "stage-a");
  EXPECT_EQ(pair.client->state(), ChannelState::connecting);
  EXPECT_FALSE(pair.client->send(MessageClass::control, message(MessageType::session, 1)));
}

TEST_F(TlsChannelTest, MessagesArriveWholeAndInOrder) {
  auto pair = open_pair();
  for (std::uint8_t i = 1; i <= 50; ++i)
    ASSERT_TRUE(pair.client->send(MessageClass::control, message(MessageType::session, i, i)));
  ASSERT_TRUE(pair.client->send(MessageClass::bulk,
                                message(MessageType::urb_submit, wire::kMaxUrbBytes, 9)));
  pair.settle();
  for (std::uint8_t i = 1; i <= 50; ++i) {
    const auto got = pair.server->receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, message(MessageType::session, i, i).body);
  }
  const auto bulk = pair.server->receive();
  ASSERT_TRUE(bulk);
  EXPECT_EQ(bulk->type, MessageType::urb_submit);
  EXPECT_EQ(bulk->body.size(), wire::kMaxUrbBytes);
  EXPECT_FALSE(pair.server->receive());
}

TEST_F(TlsChannelTest, ControlOvertakesABulkTransferThatIsUnderWay) {
  auto pair = open_pair();
  ASSERT_TRUE(
      pair.client->send(MessageClass::bulk, message(MessageType::urb_submit, wire::kMaxUrbBytes)));
  while (pair.client->turn(pair.now) != 0) {
  }  // until the socket takes no more
  ASSERT_TRUE(pair.client->send(MessageClass::control, message(MessageType::session, 20)));
  pair.settle();
  EXPECT_EQ(pair.server->receive()->type, MessageType::session);
  EXPECT_EQ(pair.server->receive()->type, MessageType::urb_submit);
}

TEST_F(TlsChannelTest, WaitsForWritabilityOnlyWhileOutputWaits) {
  auto pair = open_pair();
  std::vector<int> writable;
  pair.client->append_writable(writable);
  EXPECT_TRUE(writable.empty());
  ASSERT_TRUE(
      pair.client->send(MessageClass::bulk, message(MessageType::urb_submit, wire::kMaxUrbBytes)));
  while (pair.client->turn(pair.now) != 0) {
  }
  pair.client->append_writable(writable);
  EXPECT_EQ(writable.size(), 1u);
}

TEST_F(TlsChannelTest, FullReceiverHoldsTheSenderBackAndIsNotDead) {
  ChannelConfig config;
  config.receive_messages = 4;
  config.send_limits.messages = 1000;
  auto pair = open_pair(config);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(pair.client->send(MessageClass::bulk, message(MessageType::urb_submit, 16000)));
  pair.settle();
  for (int i = 0; i < 10; ++i) pair.pass(seconds(5));
  EXPECT_EQ(pair.server->state(), ChannelState::open) << pair.server->close_reason();
  std::size_t received = 0;
  while (received < 100) {
    if (pair.server->receive())
      ++received;
    else
      ASSERT_GT(pair.client->turn(pair.now) + pair.server->turn(pair.now), 0u);
  }
}

TEST_F(TlsChannelTest, HeartbeatsKeepAnIdleChannelOpen) {
  auto pair = open_pair();
  for (int i = 0; i < 100; ++i) {
    pair.now = std::min(pair.client->next_deadline(), pair.server->next_deadline());
    pair.settle();
  }
  EXPECT_EQ(pair.client->state(), ChannelState::open);
  EXPECT_EQ(pair.server->state(), ChannelState::open);
  EXPECT_GE(pair.now, Instant{std::chrono::hours(1)} + seconds(400));
}

TEST_F(TlsChannelTest, SilentPeerIsDeadAfterFifteenSeconds) {
  auto pair = open_pair();
  const Instant silent_since = pair.now;
  pair.client->turn(silent_since + milliseconds(14999));
  EXPECT_EQ(pair.client->state(), ChannelState::open);
  EXPECT_LE(pair.client->next_deadline(), silent_since + seconds(15));
  pair.client->turn(silent_since + seconds(15));
  EXPECT_EQ(pair.client->state(), ChannelState::closed);
  EXPECT_EQ(pair.client->close_reason(), "no answer from stage-a (10.0.0.2:7443) within 15 s");
}

TEST_F(TlsChannelTest, PeerThatVanishesIsNoticedAtOnce) {
  auto pair = open_pair();
  ::shutdown(
      [&] {
        std::vector<int> fds;
        pair.server->append_descriptors(fds);
        return fds.at(0);
      }(),
      SHUT_RDWR);
  pair.client->turn(pair.now);
  EXPECT_EQ(pair.client->state(), ChannelState::closed);
  EXPECT_EQ(pair.client->close_reason(), "stage-a (10.0.0.2:7443) closed the connection");
}

TEST_F(TlsChannelTest, GoodbyeFollowsWhatWasSentAndTellsThePeerWhy) {
  auto pair = open_pair();
  ASSERT_TRUE(pair.server->send(MessageClass::control, message(MessageType::session, 5)));
  pair.server->close("going down for maintenance");
  EXPECT_EQ(pair.server->state(), ChannelState::closed);
  EXPECT_EQ(pair.server->close_reason(), "going down for maintenance");
  pair.settle();
  EXPECT_EQ(pair.client->state(), ChannelState::closed);
  EXPECT_EQ(pair.client->close_reason(),
            "stage-a (10.0.0.2:7443) closed: going down for maintenance");
  EXPECT_TRUE(pair.client->receive());
  EXPECT_TRUE(pair.server->is_finished());
}

TEST_F(TlsChannelTest, PeerThatDoesNotReadDelaysTheEndByTheLingerOnly) {
  auto pair = open_pair();
  pair.server->close("bye");
  EXPECT_FALSE(pair.server->is_finished());
  EXPECT_EQ(pair.server->next_deadline(), pair.now + seconds(2));
  pair.server->turn(pair.now + seconds(2));
  EXPECT_TRUE(pair.server->is_finished());
  EXPECT_EQ(pair.server->close_reason(), "bye");
  EXPECT_EQ(pair.server->next_deadline(), kNever);
}

TEST_F(TlsChannelTest, SilentHandshakeTimesOut) {
  ChannelPair pair(client_context, server_context, "stage-a");
  EXPECT_EQ(pair.client->next_deadline(), pair.now + seconds(10));
  pair.client->turn(pair.now + seconds(10));
  EXPECT_EQ(pair.client->state(), ChannelState::closed);
  EXPECT_EQ(pair.client->close_reason(), "no answer from 10.0.0.2:7443 within 10 s");
}

TEST_F(TlsChannelTest, WrongNameIsNamedAndTheServerIsToldItWasRefused) {
  ChannelPair pair(client_context, server_context, "stage-b");
  pair.settle();
  EXPECT_EQ(pair.client->close_reason(),
            "certificate of 10.0.0.2:7443 is for 'stage-a', expected 'stage-b'");
  EXPECT_EQ(pair.server->close_reason(), "10.0.0.1:50000 refused our certificate ('stage-a')");
}

TEST_F(TlsChannelTest, RefusedClientNeverOpensAndLearnsWhy) {
  const TestAuthority theirs;
  auto files = authority.issue("host-2");
  files.authority = theirs.certificate_file();
  const auto stranger = crypto::TlsContext::with_certificates(files).value();
  const auto their_server = theirs.context("stage-a");
  ChannelPair pair(stranger, their_server, "stage-a");
  while (pair.client->turn(pair.now) + pair.server->turn(pair.now) != 0)
    EXPECT_NE(pair.client->state(), ChannelState::open);
  EXPECT_NE(pair.client->close_reason().find("10.0.0.2:7443 refused our certificate ('host-2')"),
            std::string::npos)
      << pair.client->close_reason();
}

TEST_F(TlsChannelTest, PresharedKeysOpenOrSayWhyNot) {
  const auto key = test::psk_context(test::kPskA);
  const auto other = test::psk_context(test::kPskB);
  ChannelPair same(key, key);
  same.settle();
  EXPECT_EQ(same.server->state(), ChannelState::open);
  EXPECT_EQ(same.server->peer(), "studio");
  ChannelPair unknown(key, other);
  unknown.settle();
  EXPECT_EQ(unknown.server->close_reason(),
            "pre-shared key identity 'studio' of 10.0.0.1:50000 is unknown");
}

TEST_F(TlsChannelTest, ExportedSecretIsTheSameOnBothEnds) {
  const auto pair = open_pair();
  std::array<std::byte, 32> a{}, b{};
  ASSERT_TRUE(pair.client->export_secret("EXPORTER-usbgw", a));
  ASSERT_TRUE(pair.server->export_secret("EXPORTER-usbgw", b));
  EXPECT_EQ(a, b);
  pair.client->close("done");
  EXPECT_FALSE(pair.client->export_secret("EXPORTER-usbgw", a));
}

TEST_F(TlsChannelTest, OversizedFrameClosesWithAReason) {
  RawClient raw(client_context, server_context);
  raw.say(bytes_of({0, 0, 0, 4, 0, 0, 1, 1}));
  EXPECT_EQ(raw.server->state(), ChannelState::open);
  raw.say(bytes_of({0x7f, 0, 0, 0}));
  EXPECT_EQ(raw.server->state(), ChannelState::closed);
  EXPECT_EQ(raw.server->close_reason(),
            "host-1 (10.0.0.1:50000) broke the protocol: a frame of 2130706436 bytes is longer "
            "than 16384");
}

TEST_F(TlsChannelTest, MessageBeforeReadyAndOtherVersionsAreRefused) {
  RawClient early(client_context, server_context);
  early.say(bytes_of({0, 0, 0, 2, 1, 0}));
  EXPECT_NE(early.server->close_reason().find("a message before it was ready"), std::string::npos);
  RawClient newer(client_context, server_context);
  newer.say(bytes_of({0, 0, 0, 4, 0, 0, 1, 2}));
  EXPECT_NE(newer.server->close_reason().find("speaks version 2 of the control channel"),
            std::string::npos);
}

TEST_F(TlsChannelTest, MessageTruncatedByTheEndOfTheConnectionIsNotDelivered) {
  RawClient raw(client_context, server_context);
  raw.say(bytes_of({0, 0, 0, 4, 0, 0, 1, 1}));
  raw.say(bytes_of({0, 0, 0, 9, 1, 0, 1, 2}));
  raw.socket.reset();
  raw.server->turn(raw.now);
  EXPECT_EQ(raw.server->state(), ChannelState::closed);
  EXPECT_FALSE(raw.server->receive());
}

TEST_F(TlsChannelTest, GarbageInsteadOfTlsIsRefused) {
  auto [stranger, server_end] = test::socket_pair();
  TlsChannel server(std::move(server_end), SocketProgress::connected, test::kClientAddress,
                    server_context.accept("10.0.0.1:50000"), ChannelConfig{}, Instant{});
  ASSERT_GT(::send(stranger.get(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 0);
  server.turn(Instant{});
  EXPECT_EQ(server.close_reason(), "10.0.0.1:50000 does not speak TLS 1.3 here");
}

}  // namespace
}  // namespace usbgw::control

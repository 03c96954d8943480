#include "node/host_usb_loop.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/usbside/host/test_device.h"
#include "usbside/host/vhci_stream_socket.h"
#include "wire/usbip.h"
#include "wire/usbip_reader.h"

namespace usbgw::node {
namespace {

using host::test::kBulkIn;

constexpr SessionHandle kSession{4};
constexpr std::uint32_t kReadBytes = 1 << 20;
constexpr std::size_t kAnswerBytes = wire::usbip::kHeaderBytes + kReadBytes;

struct NoWaker final : Waker {
  void wake() override {}
};

// A loop with one attachment on a real socket, whose other end the test reads as vhci would.
class HostUsbLoop : public ::testing::Test {
 protected:
  HostUsbLoop() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    const int small = 64 << 10;
    EXPECT_EQ(::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    vhci = ends[1];
    loop.post(host_command::AddSession{kSession, std::make_shared<SessionLinks>(LinkSizes{})});
    loop.post(host_command::AddAttachment{
        kSession,
        host::test::make_device(Speed::high),
        {},
        {},
        std::make_unique<host::VhciStreamSocket>(ends[0], 2 * kAnswerBytes)});
    turn();
  }
  ~HostUsbLoop() override { ::close(vhci); }

  std::size_t turn() { return loop.turn(now); }
  // A bulk read of 1 MiB that the device has answered in full.
  void answer_large_read() {
    wire::usbip::Submit submit;
    submit.seqnum = 1;
    submit.endpoint = kBulkIn;
    submit.length = kReadBytes;
    const auto bytes = wire::usbip::encode(submit);
    ASSERT_EQ(::send(vhci, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    turn();
    HostEvent event;
    ASSERT_TRUE(loop.take(event));
    const auto* asked = std::get_if<host_event::Submit>(&event);
    ASSERT_NE(asked, nullptr);
    wire::UrbReply reply;
    reply.attachment = host::test::kAttachment;
    reply.transaction = asked->urb.transaction;
    reply.actual = kReadBytes;
    reply.data.resize(kReadBytes, std::byte{0x5A});
    loop.post(host_command::Reply{kSession, std::move(reply)});
    EXPECT_GT(turn(), 0u);
  }
  // What a worker that sleeps would wake up for.
  bool is_woken_to_write() {
    std::vector<int> writable;
    loop.append_writable(writable);
    EXPECT_LE(writable.size(), 1u);
    if (writable.empty()) return false;
    pollfd poll{writable[0], POLLOUT, 0};
    return ::poll(&poll, 1, 0) == 1;
  }
  std::size_t read_some() {
    std::array<std::byte, 1 << 15> to;
    const ssize_t bytes = ::recv(vhci, to.data(), to.size(), MSG_DONTWAIT);
    return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
  }

  Instant now{std::chrono::seconds(1)};
  NoWaker waker;
  node::HostUsbLoop loop{waker, waker, waker};
  int vhci = -1;
};

TEST_F(HostUsbLoop, AnswerBeyondTheSocketsBuffer_GoesOnWhenThereIsRoom) {
  answer_large_read();
  EXPECT_EQ(loop.next_deadline(), kNever);  // nothing but the descriptor asks for a turn
  std::size_t received = 0;
  while (const std::size_t bytes = read_some()) {
    received += bytes;
    if (is_woken_to_write()) {
      EXPECT_GT(turn(), 0u);
    }
  }
  EXPECT_EQ(received, kAnswerBytes);
  std::vector<int> writable;
  loop.append_writable(writable);
  EXPECT_TRUE(writable.empty());
}

TEST_F(HostUsbLoop, NobodyReads_IsNoWork) {
  answer_large_read();
  EXPECT_FALSE(is_woken_to_write());
  EXPECT_EQ(turn(), 0u);
}

TEST_F(HostUsbLoop, OtherEndClosesWithABacklog_AsksForNoMore) {
  answer_large_read();
  ::shutdown(vhci, SHUT_RDWR);
  turn();
  std::vector<int> writable;
  loop.append_writable(writable);
  EXPECT_TRUE(writable.empty());
}

}  // namespace
}  // namespace usbgw::node

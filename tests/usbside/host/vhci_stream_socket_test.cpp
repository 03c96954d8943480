#include "usbside/host/vhci_stream_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace usbgw::host {
namespace {

std::vector<std::byte> counting(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}

class VhciStreamSocket : public ::testing::Test {
 protected:
  VhciStreamSocket() : pair(std::move(*host::VhciStreamSocket::make_pair())) {}
  ~VhciStreamSocket() override {
    if (pair.theirs >= 0) ::close(pair.theirs);
  }
  [[nodiscard]] std::vector<std::byte> drain(std::size_t most) const {
    std::vector<std::byte> bytes(most);
    const auto got = ::recv(pair.theirs, bytes.data(), most, MSG_DONTWAIT);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  host::VhciStreamSocket::Pair pair;
};

TEST_F(VhciStreamSocket, ThreeParts_ArriveAsOne) {
  const auto all = counting(30);
  const std::span<const std::byte> bytes(all);
  EXPECT_TRUE(pair.ours->write(bytes.first(10), bytes.subspan(10, 5), bytes.subspan(15)));
  EXPECT_EQ(drain(100), all);
}

TEST_F(VhciStreamSocket, FullSocket_KeepsTheRestInOrder) {
  const auto pdu = counting(300'001);
  std::vector<std::byte> sent, received;
  while (sent.size() < 3'500'000) {
    ASSERT_TRUE(pair.ours->write(pdu, {}, {}));
    sent.insert(sent.end(), pdu.begin(), pdu.end());
  }
  while (received.size() < sent.size()) {
    const auto more = drain(1 << 16);
    received.insert(received.end(), more.begin(), more.end());
    pair.ours->flush();
    if (more.empty()) break;
  }
  EXPECT_TRUE(received == sent);
  EXPECT_FALSE(pair.ours->has_backlog());
  EXPECT_EQ(pair.ours->flush(), 0u);
}

TEST_F(VhciStreamSocket, PolledWithoutData_SkipsOneReadOnly) {
  const auto sent = counting(20);
  ASSERT_EQ(::send(pair.theirs, sent.data(), sent.size(), 0), 20);
  std::vector<int> readable;
  pair.ours->append_descriptors(readable);
  std::vector<std::byte> got(64);
  pair.ours->polled(ReadyDescriptors(std::span<const int>()));
  EXPECT_EQ(pair.ours->read(got), 0u);
  EXPECT_EQ(pair.ours->read(std::span(got).first(5)), 5u);
  pair.ours->polled(ReadyDescriptors(readable));
  EXPECT_EQ(pair.ours->read(got), 15u);
  EXPECT_FALSE(pair.ours->is_closed());
}

TEST_F(VhciStreamSocket, BacklogFull_Refuses) {
  const auto pdu = counting(1 << 20);
  int accepted = 0;
  while (accepted < 100 && pair.ours->write(pdu, {}, {})) ++accepted;
  EXPECT_GE(accepted, 2);
  EXPECT_LT(accepted, 10);
  EXPECT_FALSE(pair.ours->is_closed());
}

TEST_F(VhciStreamSocket, OtherEndCloses_IsClosedAfterTheLastBytes) {
  const auto bytes = counting(5);
  ASSERT_EQ(::send(pair.theirs, bytes.data(), 5, 0), 5);
  ::close(std::exchange(pair.theirs, -1));
  std::vector<std::byte> to(10);
  EXPECT_EQ(pair.ours->read(to), 5u);
  EXPECT_EQ(pair.ours->read(to), 0u);  // was less than asked for: does not ask again at once
  EXPECT_FALSE(pair.ours->is_closed());
  EXPECT_EQ(pair.ours->read(to), 0u);
  EXPECT_TRUE(pair.ours->is_closed());
  EXPECT_FALSE(pair.ours->write(bytes, {}, {}));
}

TEST_F(VhciStreamSocket, NothingThere_ReadsNothing) {
  std::vector<std::byte> to(10);
  EXPECT_EQ(pair.ours->read(to), 0u);
  EXPECT_FALSE(pair.ours->is_closed());
}

}  // namespace
}  // namespace usbgw::host

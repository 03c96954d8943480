// A session whose peer has the keys and says anything: after each input every block is back, no
// datagram is too large, and what a reliable stream delivered is in order. Each input begins on a
// path that is known, with streams whose rhythm is: losses are asked for, and requests answered.
#include <algorithm>
#include <array>
#include <vector>

#include "crypto/aead.h"
#include "dataplane/session/session.h"
#include "wire/datagram.h"
#include "wire/records.h"

namespace {

using namespace usbgw;
using namespace usbgw::session;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

constexpr std::size_t kPayload = 1400;
constexpr StreamId kTimely{0x0181};
constexpr StreamId kReliable{0x0182};
constexpr StreamId kCombined{0x0183};
constexpr StreamId kAutomatic{0x0184};
constexpr std::size_t kBlocks = 48;
constexpr std::array kStreams{kTimely, kReliable, kCombined, kAutomatic};
constexpr Duration kInterval = std::chrono::milliseconds(1);
constexpr Duration kOneWay = std::chrono::microseconds(250);
constexpr std::uint32_t kPrelude = 32;  // intervals
constexpr std::uint32_t kLost = 24;     // of kCombined

class SinkPort final : public DatagramPort {
 public:
  std::size_t receive(std::span<ReceivedDatagram>, Instant) override { return 0; }
  void release() override {}
  std::span<std::byte> reserve(const UdpEndpoint&, Instant) override { return buffer_; }
  void commit(std::size_t bytes, qos::TrafficClass) override { check(bytes <= kPayload); }
  void abandon() override {}
  std::size_t flush(Instant) override { return 0; }
  std::size_t max_payload(const UdpEndpoint&) const override { return kPayload; }
  UdpEndpoint local() const override { return {}; }

 private:
  std::array<std::byte, kPayload> buffer_{};
};

struct Victim {
  Victim() {
    for (const auto stream : kStreams) {
      StreamOptions options;
      options.stream = stream;
      options.delivery = stream == kReliable ? Delivery::reliable : Delivery::timely;
      options.repair.copy_after = std::chrono::milliseconds(2);
      if (stream == kReliable) options.repair.deadline = std::chrono::milliseconds(5);
      if (stream == kCombined || stream == kAutomatic) {
        options.repair.scheme =
            stream == kCombined ? RepairScheme::window : RepairScheme::automatic;
        options.repair.data = options.repair.repair = 2;
        options.repair.spread = options.repair.deadline = std::chrono::milliseconds(8);
        options.repair.resends = true;
      }
      check(session->open_inbound(options) && session->open_outbound(options));
    }
    for (std::uint32_t i = 0; i < kPrelude; ++i) be_honest(i);
    check(session->path().valid);
    check(session->counters()[SessionCounter::requests_sent] > 0);
    check(session->counters()[SessionCounter::resends] > 0);
  }
  // An interval in which the peer answers pings and says what it should: a source of each stream
  // but for one, an acknowledgement, and that it misses what it was sent two intervals ago.
  void be_honest(std::uint32_t i) {
    send();
    session->transmit(port, now, 64);
    std::array<std::byte, 1000> records;
    ByteWriter writer(records);
    const Instant there = now + kOneWay;
    for (std::uint32_t ping = 0; ping < 8; ++ping)  // whichever it was
      wire::encode(wire::PongRecord{ping, now, there, there, kOneWay}, writer);
    const std::array<std::byte, 8> symbol{};
    for (const auto stream : kStreams)
      if (stream != kCombined || i != kLost)
        wire::encode(wire::SourceRecord{{stream, {}}, false, false, i, symbol}, writer);
    wire::AckRecord ack;
    ack.key.stream = kReliable;
    ack.next_expected = i + 1;
    wire::encode(ack, writer);
    if (i >= 2) wire::encode(wire::RequestRecord{{kCombined, {}}, false, i - 2, 1}, writer);
    check(writer.ok());
    now += 2 * kOneWay;
    receive(writer.written());
    now += kInterval - 2 * kOneWay;
    consume();
  }
  void receive(std::span<const std::byte> records) {
    std::vector<std::byte> datagram(wire::kDatagramOverhead + records.size());
    const auto header = std::span(datagram).first<wire::kDatagramHeader>();
    wire::encode(wire::DatagramHeader{2, packet}, header);
    const std::array pieces{records};
    sealer.seal(packet++, header, pieces, std::span(datagram).subspan(wire::kDatagramHeader));
    session->receive(datagram, {}, now, now);
    while (session->wants_repair_window())
      session->give_repair_window(make_repair_window(kPayload));
  }
  void send() {
    for (const auto stream : kStreams) {
      const auto claim = outbound.claim();
      if (!claim) return;
      StreamItem item;
      item.stream = stream;
      item.block = claim->block;
      item.length = 8;
      static_cast<void>(outbound.publish(item));
      outbound.retire(claim->block);
    }
  }
  void consume() {
    StreamItem item;
    while (inbound.pop(item)) {
      check(inbound.bytes(item).size() == item.length);
      if (item.stream == kReliable && item.kind == ItemKind::source)
        check(item.source.value() == next++);
      inbound.release(item);
    }
  }

  StreamLink inbound{kBlocks, kPayload, 64};
  StreamLink outbound{kBlocks, kPayload, 64};
  std::array<std::byte, 32> secret{};
  SessionKeys peer = derive_keys(secret, true, 0, 0);
  crypto::Sealer sealer{peer.transmit, peer.transmit_iv};
  SinkPort port;
  Instant now = Instant{} + std::chrono::seconds(1);
  std::uint64_t packet = 0;
  std::int64_t next = 0;
  std::unique_ptr<Session> session =
      std::make_unique<Session>(SessionConfig{.local_index = SessionIndex{2},
                                              .remote_index = SessionIndex{1},
                                              .remote = {},
                                              .initial_payload = kPayload,
                                              .max_payload = kPayload,
                                              .second_remote = {}},
                                derive_keys(secret, false, 0, 0), inbound, outbound);
};

}  // namespace

// Input: u8 length of a datagram's records, the records, and so on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto rest = std::as_bytes(std::span(data, size));
  Victim victim;
  while (!rest.empty()) {
    const auto length = std::min(std::to_integer<std::size_t>(rest[0]) + 1, rest.size()) - 1;
    victim.receive(rest.subspan(1, length));
    rest = rest.subspan(1 + length);
    victim.send();
    victim.session->transmit(victim.port, victim.now, 64);
    if (length % 2 == 0) victim.consume();
    victim.now += std::chrono::milliseconds(1);
  }
  victim.session.reset();
  victim.consume();
  StreamItem item;
  while (victim.outbound.pop(item)) victim.outbound.release(item);
  check(victim.inbound.free_blocks() == kBlocks && victim.outbound.free_blocks() == kBlocks);
  return 0;
}

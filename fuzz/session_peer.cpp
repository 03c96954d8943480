// A session whose peer has the keys and says anything: after each input every block is back, no
// datagram is too large, and what a reliable stream delivered is in order.
#include <algorithm>
#include <array>
#include <vector>

#include "crypto/aead.h"
#include "dataplane/session/session.h"
#include "wire/datagram.h"

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
constexpr std::size_t kBlocks = 16;

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
    for (const auto stream : {kTimely, kReliable, kCombined, kAutomatic}) {
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
  }
  void receive(std::span<const std::byte> records) {
    std::vector<std::byte> datagram(wire::kDatagramOverhead + records.size());
    const auto header = std::span(datagram).first<wire::kDatagramHeader>();
    wire::encode(wire::DatagramHeader{2, packet}, header);
    const std::array pieces{records};
    sealer.seal(packet++, header, pieces, std::span(datagram).subspan(wire::kDatagramHeader));
    session->receive(datagram, {}, now, now);
  }
  void send() {
    for (const auto stream : {kTimely, kReliable, kCombined, kAutomatic}) {
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
                                              .max_payload = kPayload},
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

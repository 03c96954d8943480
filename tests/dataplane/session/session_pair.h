// Two sessions, their links and a seeded network between them, under virtual time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "common/byte_order.h"
#include "common/random.h"
#include "dataplane/session/session.h"
#include "dataplane/session/session_limits.h"

namespace usbgw::session::test {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

struct Impairment {
  Duration delay = 4ms;
  Duration jitter{};  // uniform, so it reorders
  double loss = 0;
  double duplicate = 0;
  double corrupt = 0;
  std::size_t mtu = 9000;  // UDP payload; what is larger vanishes
};

struct Sent {
  Bytes bytes;
  Instant at{};
  qos::TrafficClass traffic_class{};
};

// One direction: what was committed, and when it arrives (in true time).
class Wire {
 public:
  explicit Wire(std::uint64_t seed) : random_(seed) {}
  void send(Sent packet) {
    log.push_back(packet);
    if (packet.bytes.size() > impairment.mtu || random_.chance(impairment.loss)) return;
    const int copies = random_.chance(impairment.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      Sent arriving = packet;
      arriving.at += impairment.delay +
                     Duration{static_cast<Duration::rep>(
                         random_.below(static_cast<std::uint64_t>(impairment.jitter.count())))};
      if (random_.chance(impairment.corrupt))
        arriving.bytes[random_.below(arriving.bytes.size())] ^= std::byte{0x10};
      in_flight_.push_back(std::move(arriving));
    }
  }
  [[nodiscard]] std::vector<Sent> arrived(Instant now) {
    const auto late = std::stable_partition(in_flight_.begin(), in_flight_.end(),
                                            [&](const Sent& s) { return s.at <= now; });
    std::vector<Sent> due(in_flight_.begin(), late);
    in_flight_.erase(in_flight_.begin(), late);
    std::stable_sort(due.begin(), due.end(),
                     [](const Sent& a, const Sent& b) { return a.at < b.at; });
    return due;
  }

  Impairment impairment;
  std::vector<Sent> log;

 private:
  Random random_;
  std::vector<Sent> in_flight_;
};

class TestPort final : public DatagramPort {
 public:
  explicit TestPort(Wire& wire) : wire_(wire) {}
  std::size_t receive(std::span<ReceivedDatagram>, Instant) override { return 0; }
  void release() override {}
  std::span<std::byte> reserve(const UdpEndpoint&, Instant) override {
    EXPECT_FALSE(is_reserved_);
    if (room_for == 0) return {};
    --room_for;
    is_reserved_ = true;
    buffer_.assign(max_bytes, std::byte{0xEE});
    return buffer_;
  }
  void commit(std::size_t bytes, qos::TrafficClass traffic_class) override {
    EXPECT_TRUE(is_reserved_);
    is_reserved_ = false;
    wire_.send({Bytes(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(bytes)),
                true_now, traffic_class});
  }
  void abandon() override {
    EXPECT_TRUE(is_reserved_);
    is_reserved_ = false;
  }
  std::size_t flush(Instant) override { return 0; }
  std::size_t max_payload(const UdpEndpoint&) const override { return max_bytes; }
  UdpEndpoint local() const override { return {}; }

  Instant true_now{};
  std::size_t max_bytes = 8900;
  std::size_t room_for = SIZE_MAX;  // datagrams

 private:
  Wire& wire_;
  Bytes buffer_;
  bool is_reserved_ = false;
};

struct Delivered {
  StreamItem item;
  Bytes bytes;
};

struct PairOptions {
  std::uint64_t seed = 1;
  std::size_t initial_payload = 1400;
  std::size_t max_payload = 8900;
  std::size_t inbound_blocks = 256;
  std::size_t inbound_items = 1024;
  Duration clock_offset = 1h;  // b's clock less a's
  double clock_ppm = 0;        // how much faster b's clock runs
  bool has_second_path = false;
};

inline constexpr std::array<std::byte, 32> kSecret{std::byte{7}};

struct End {
  // With one path.
  End(const PairOptions& options, bool is_host, Wire& wire) : End(options, is_host, wire, wire) {}
  End(const PairOptions& options, bool is_host, Wire& wire, Wire& second_wire)
      : port(wire),
        second_port(second_wire),
        inbound(options.inbound_blocks, 9000, options.inbound_items),
        outbound(2048, 9000, 4096),
        session(
            std::make_unique<Session>(SessionConfig{.local_index = SessionIndex{is_host ? 1u : 2u},
                                                    .remote_index = SessionIndex{is_host ? 2u : 1u},
                                                    .remote = {},
                                                    .initial_payload = options.initial_payload,
                                                    .max_payload = options.max_payload,
                                                    .second_remote = second_remote(options)},
                                      derive_keys(kSecret, is_host, 0, 0), inbound, outbound)) {}

  // False: no block or no place in the ring.
  bool send(StreamId stream, std::span<const std::byte> bytes, ItemKind kind = ItemKind::source,
            StreamEpoch epoch = StreamEpoch{1}) {
    const auto claim = outbound.claim();
    if (!claim) return false;
    std::copy(bytes.begin(), bytes.end(), claim->bytes.begin());
    StreamItem item;
    item.kind = kind;
    item.stream = stream;
    item.epoch = epoch;
    item.block = claim->block;
    item.length = static_cast<std::uint32_t>(bytes.size());
    const bool published = outbound.publish(item);
    outbound.retire(claim->block);
    return published;
  }
  // A source that says which it is.
  bool send_counted(StreamId stream, std::uint32_t count, std::size_t size = 8) {
    Bytes bytes(size, static_cast<std::byte>(count));
    store_be<std::uint32_t>(bytes.data(), count);
    return send(stream, bytes);
  }
  void consume() {
    StreamItem item;
    while (inbound.pop(item)) {
      const auto bytes = inbound.bytes(item);
      delivered.push_back({item, Bytes(bytes.begin(), bytes.end())});
      inbound.release(item);
    }
  }
  [[nodiscard]] std::uint64_t count(SessionCounter counter) const {
    return session->counters()[counter];
  }

  [[nodiscard]] static std::optional<UdpEndpoint> second_remote(const PairOptions& options) {
    if (!options.has_second_path) return std::nullopt;
    return UdpEndpoint{};
  }

  TestPort port;
  TestPort second_port;
  StreamLink inbound;
  StreamLink outbound;
  std::unique_ptr<Session> session;
  std::optional<Instant> last_turn;
  std::vector<Delivered> delivered;
  bool consumes = true;
};

class Pair {
 public:
  explicit Pair(const PairOptions& options = {})
      : options_(options),
        a_to_b(options.seed),
        b_to_a(options.seed + 1),
        second_a_to_b(options.seed + 2),
        second_b_to_a(options.seed + 3),
        a(options, true, a_to_b, second_a_to_b),
        b(options, false, b_to_a, second_b_to_a) {}

  [[nodiscard]] Instant now_a() const { return now_; }
  [[nodiscard]] Instant now_b() const {
    const auto elapsed = static_cast<double>((now_ - kStart).count());
    return now_ + options_.clock_offset +
           Duration{static_cast<Duration::rep>(elapsed * options_.clock_ppm * 1e-6)};
  }
  void step(Duration step = 250us) {
    now_ += step;
    turn(a, b_to_a, second_b_to_a, now_a());
    turn(b, a_to_b, second_a_to_b, now_b());
  }
  void run(Duration duration) {
    const Instant end = now_ + duration;
    while (now_ < end) step();
  }
  void open(const StreamOptions& options) {  // from a to b
    EXPECT_TRUE(a.session->open_outbound(options));
    EXPECT_TRUE(b.session->open_inbound(options));
  }

 private:
  static constexpr Instant kStart = Instant{} + 10s;

  void receive(End& end, Wire& from, PathId path, Instant local) {
    for (auto& packet : from.arrived(now_))
      end.session->receive(packet.bytes, {}, local, end.last_turn.value_or(local), path);
  }
  void turn(End& end, Wire& from, Wire& second_from, Instant local) {
    end.port.true_now = end.second_port.true_now = now_;
    receive(end, from, PathId::first, local);
    receive(end, second_from, PathId::second, local);
    end.last_turn = local;
    if (end.session->wants_repair_window())
      end.session->give_repair_window(make_repair_window(options_.max_payload));
    end.session->transmit({end.port, options_.has_second_path ? &end.second_port : nullptr}, local,
                          SIZE_MAX);
    if (end.consumes) end.consume();
  }

  PairOptions options_;
  Instant now_ = kStart;

 public:
  Wire a_to_b;
  Wire b_to_a;
  Wire second_a_to_b;
  Wire second_b_to_a;
  End a;
  End b;
};

inline constexpr StreamId kStream{0x0181};

inline StreamOptions timely(Duration copy_after = {}, StreamId stream = kStream) {
  return {stream, StreamEpoch{1}, Delivery::timely, qos::TrafficClass::isochronous, {copy_after}};
}
inline StreamOptions reliable(Duration deadline = {}, StreamId stream = kStream) {
  StreamOptions options{
      stream, StreamEpoch{1}, Delivery::reliable, qos::TrafficClass::interrupt, {}};
  options.repair.deadline = deadline;
  return options;
}

inline std::uint32_t counted(const Delivered& delivered) {
  return load_be<std::uint32_t>(delivered.bytes.data());
}

}  // namespace usbgw::session::test

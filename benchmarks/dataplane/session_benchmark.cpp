// What one datagram costs: seal and open by themselves, and a whole session turn at both ends.
//   ninja -C build benchmarks/dataplane/session_benchmark &&
//   build/benchmarks/dataplane/session_benchmark
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "crypto/aead.h"
#include "dataplane/session/session.h"
#include "fec/repair_encoder.h"

namespace usbgw::session {
namespace {

using Bytes = std::vector<std::byte>;

void seal(benchmark::State& state) {
  crypto::Sealer sealer({}, {});
  const Bytes header(16);
  const Bytes plain(static_cast<std::size_t>(state.range(0)));
  Bytes sealed(plain.size() + crypto::kAeadTagBytes);
  const std::array<std::span<const std::byte>, 1> pieces{plain};
  std::uint64_t packet = 0;
  for (auto _ : state) sealer.seal(packet++, header, pieces, sealed);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(seal)->Arg(192)->Arg(1440)->Arg(8868);

void open(benchmark::State& state) {
  crypto::Sealer sealer({}, {});
  crypto::Opener opener({}, {});
  const Bytes header(16);
  Bytes plain(static_cast<std::size_t>(state.range(0)));
  Bytes sealed(plain.size() + crypto::kAeadTagBytes);
  const std::array<std::span<const std::byte>, 1> pieces{plain};
  sealer.seal(0, header, pieces, sealed);
  for (auto _ : state) benchmark::DoNotOptimize(opener.open(0, header, sealed, plain));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(open)->Arg(192)->Arg(1440)->Arg(8868);

void encode_repair(benchmark::State& state) {
  const Bytes bytes(192, std::byte{0x5A});
  std::array<fec::Source, 8> set;
  for (std::size_t i = 0; i < set.size(); ++i)
    set[i] = {SourceNumber{static_cast<std::int64_t>(i)}, bytes};
  Bytes symbol(fec::repair_bytes(set));
  const auto row = static_cast<unsigned>(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(fec::encode_repair(fec::scalar_kernel(), row, set, symbol));
  state.SetBytesProcessed(state.iterations() * 8 * 192);
}
BENCHMARK(encode_repair)->Arg(0)->Arg(1);

// Datagrams of one turn, in place.
class LoopbackPort final : public DatagramPort {
 public:
  std::size_t receive(std::span<ReceivedDatagram>, Instant) override { return 0; }
  void release() override {}
  std::span<std::byte> reserve(const UdpEndpoint&, Instant) override {
    if (count == buffers.size()) return {};
    return buffers[count];
  }
  void commit(std::size_t bytes, qos::TrafficClass) override { sizes[count++] = bytes; }
  void abandon() override {}
  std::size_t flush(Instant) override { return 0; }
  std::size_t max_payload(const UdpEndpoint&) const override { return 1400; }
  UdpEndpoint local() const override { return {}; }
  void carry(Session& to, Instant now) {
    for (std::size_t i = 0; i < count; ++i)
      to.receive(std::span(buffers[i]).first(sizes[i]), {}, now, now);
    count = 0;
  }

  std::array<std::array<std::byte, 1400>, 8> buffers{};
  std::array<std::size_t, 8> sizes{};
  std::size_t count = 0;
};

// One source of 192 bytes a turn: filed, sealed, opened, delivered. The argument is the number of
// open streams, of which one is busy.
void one_source_end_to_end(benchmark::State& state) {
  const std::array<std::byte, 32> secret{};
  StreamLink a_in(64, 1400, 64), a_out(64, 1400, 64), b_in(64, 1400, 64), b_out(64, 1400, 64);
  SessionConfig config;
  config.max_payload = 1400;
  Session a(config, derive_keys(secret, true, 0, 0), a_in, a_out);
  Session b(config, derive_keys(secret, false, 0, 0), b_in, b_out);
  LoopbackPort port;
  for (std::uint16_t i = 0; i < state.range(0); ++i) {
    StreamOptions options;
    options.stream = StreamId{i};
    if (!a.open_outbound(options) || !b.open_inbound(options)) return;
  }
  Instant now = Instant{} + std::chrono::seconds(1);
  for (auto _ : state) {
    now += std::chrono::milliseconds(1);
    const auto claim = a_out.claim();
    StreamItem item;
    item.block = claim->block;
    item.length = 192;
    benchmark::DoNotOptimize(a_out.publish(item));
    a_out.retire(claim->block);
    a.transmit(port, now, 64);
    port.carry(b, now);
    b.transmit(port, now, 64);
    port.carry(a, now);
    while (b_in.pop(item)) b_in.release(item);
  }
  state.counters["delivered"] = static_cast<double>(b.counters()[SessionCounter::sources_received]);
}
BENCHMARK(one_source_end_to_end)->Arg(1)->Arg(64);

}  // namespace
}  // namespace usbgw::session

BENCHMARK_MAIN();

// One end of a port test: makes a port of any type and echoes datagrams, or sends some and counts
// the echoes. port_types.py runs two of them, or one against the kernel's ping.
//
//   port_peer SPEC ADDRESSES MTU VLAN echo
//   port_peer SPEC ADDRESSES MTU VLAN send PEER COUNT BYTES
//
// ADDRESSES are separated by commas. `echo` runs until its input closes. Exit status 0: all came
// back.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

#include "common/byte_order.h"
#include "dataplane/dpdk/make_port.h"

namespace usbgw::dpdk {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kUdpPort = 4791;
constexpr auto kGiveUp = std::chrono::seconds(10);

Instant now() {
  timespec raw{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
  return Instant{std::chrono::seconds(raw.tv_sec) + std::chrono::nanoseconds(raw.tv_nsec)};
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::size_t echo_turn(DpdkPort& port) {
  std::array<session::ReceivedDatagram, 32> burst;
  const auto count = port.receive(burst, now());
  for (std::size_t i = 0; i < count; ++i) {
    const auto& datagram = burst[i];
    const auto room = port.reserve(datagram.from, now());
    if (room.size() < datagram.payload.size()) {
      port.abandon();
      continue;
    }
    std::copy(datagram.payload.begin(), datagram.payload.end(), room.begin());
    port.commit(datagram.payload.size(), qos::TrafficClass::isochronous);
  }
  port.release();
  static_cast<void>(port.flush(now()));
  return count;
}

// As a worker sleeps: on what announces the port's input, else for a short while. False: the input
// has closed.
bool sleep_on(DpdkPort& port) {
  const auto descriptor = port.descriptor();
  std::array<pollfd, 2> polls{{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                               {.fd = descriptor.value_or(-1), .events = POLLIN, .revents = 0}}};
  Duration longest = port.next_deadline() == kNever ? Duration(kGiveUp)
                                                    : std::max(port.next_deadline() - now(), 0ns);
  if (port.must_poll()) longest = std::min<Duration>(longest, 50us);
  const timespec timeout{
      .tv_sec = std::chrono::duration_cast<std::chrono::seconds>(longest).count(),
      .tv_nsec = (longest % 1s).count()};
  static_cast<void>(::ppoll(polls.data(), polls.size(), &timeout, nullptr));
  if (polls[1].revents != 0) port.on_ready();
  return polls[0].revents == 0;
}

int echo(DpdkPort& port) {
  std::uint64_t empty_looks = 0;
  do {
    while (echo_turn(port) > 0) {
    }
    ++empty_looks;
  } while (sleep_on(port));
  std::printf("empty_looks %llu\n", static_cast<unsigned long long>(empty_looks));
  return 0;
}

// True when an echo with that number and size came.
bool came_back(DpdkPort& port, std::uint64_t wanted, std::size_t bytes) {
  std::array<session::ReceivedDatagram, 32> burst;
  const auto count = port.receive(burst, now());
  bool found = false;
  for (std::size_t i = 0; i < count; ++i)
    found |= burst[i].payload.size() == bytes &&
             load_be<std::uint64_t>(burst[i].payload.data()) == wanted;
  port.release();
  return found;
}

bool send_one(DpdkPort& port, const UdpEndpoint& to, std::uint64_t sequence, std::size_t bytes) {
  const auto room = port.reserve(to, now());
  if (room.size() >= bytes) {
    for (std::size_t i = 0; i < bytes; ++i) room[i] = static_cast<std::byte>(i + sequence);
    store_be<std::uint64_t>(room.data(), sequence);
    port.commit(bytes, qos::TrafficClass::isochronous);
  } else if (!room.empty()) {
    port.abandon();
  }
  static_cast<void>(port.flush(now()));
  return room.size() >= bytes;
}

// One at a time, resent every 200 ms: how many needed a resend says what was lost.
int send(DpdkPort& port, const UdpEndpoint& to, std::size_t count, std::size_t bytes) {
  const Instant start = now();
  std::size_t resends = 0;
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    Instant resend_at{};
    while (!came_back(port, sequence, bytes)) {
      if (now() - start > kGiveUp) {
        std::printf("gave up at %llu of %zu\n", static_cast<unsigned long long>(sequence), count);
        return 1;
      }
      if (now() < resend_at) continue;
      if (resend_at != Instant{}) ++resends;
      resend_at =
          send_one(port, to, sequence, bytes) ? now() + std::chrono::milliseconds(200) : Instant{};
    }
  }
  const double micros = to_milliseconds(now() - start) * 1000 / static_cast<double>(count);
  std::printf("%zu echoes of %zu bytes, %zu resends, mean %.1f us\n", count, bytes, resends,
              micros);
  return 0;
}

void print_counters(const DpdkPort& port) {
  for (std::size_t i = 0; i < kPortCounters; ++i) {
    const auto counter = static_cast<PortCounter>(i);
    if (port.counters()[counter] == 0) continue;
    std::printf("%s %llu\n", std::string(describe(counter).name).c_str(),
                static_cast<unsigned long long>(port.counters()[counter]));
  }
}

Result<PortConfig> config_from(char** arguments) {
  auto spec = PortSpec::parse(arguments[1]);
  if (!spec) return tl::unexpected(spec.error());
  PortConfig config;
  config.spec = *spec;
  std::string_view addresses = arguments[2];
  while (!addresses.empty()) {
    const auto comma = std::min(addresses.find(','), addresses.size());
    auto network = IpNetwork::parse(addresses.substr(0, comma));
    if (!network) return tl::unexpected(network.error());
    config.networks.push_back(*network);
    addresses.remove_prefix(std::min(comma + 1, addresses.size()));
  }
  config.udp_port = kUdpPort;
  config.mtu = number(arguments[3]);
  config.marking.dscp = 46;
  config.marking.vlan = static_cast<std::uint16_t>(number(arguments[4]));
  return config;
}

int refuse(const Error& error) {
  std::fprintf(stderr, "%s\n", error.context.c_str());
  return 2;
}

int run(int count, char** arguments) {
  if (count < 6) return refuse({ErrorCode::invalid_argument, "see the top of port_peer.cpp"});
  const auto config = config_from(arguments);
  if (!config) return refuse(config.error());
  EalConfig eal_config;
  eal_config.ports = {*config};
  const auto eal = Eal::start(eal_config);
  if (!eal) return refuse(eal.error());
  const auto port = make_port(**eal, *config);
  if (!port) return refuse(port.error());
  std::printf("ready %s %s\n", (*port)->driver().c_str(), (*port)->mac().to_string().c_str());
  std::fflush(stdout);
  int status = 0;
  if (std::string_view(arguments[5]) == "echo" || count < 9)
    status = echo(**port);
  else
    status = send(**port, {IpAddress::parse(arguments[6]).value(), kUdpPort}, number(arguments[7]),
                  number(arguments[8]));
  print_counters(**port);
  return status;
}

}  // namespace
}  // namespace usbgw::dpdk

int main(int argc, char** argv) {
  return usbgw::dpdk::run(argc, argv);
}

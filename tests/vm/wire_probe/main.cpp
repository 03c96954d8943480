// wire_probe FROM TO [FROM TO...]: loss and delay between pairs of interfaces of a bridge, as seen
// on the wire, until SIGTERM; then one line of figures for each pair. FROM is the interface by
// which frames come in, TO the one by which they go out, behind its queueing discipline. Only IPv4
// counts.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>
#include <vector>

#include "tests/vm/wire_probe/wire_ledger.h"

namespace {

using usbgw::wire_probe::WireFigures;
using usbgw::wire_probe::WireLedger;

// Enough for the headers and the beginning of what is sealed.
constexpr std::size_t kLooksAt = 192;
constexpr int kReceiveBuffer = 64 << 20;
constexpr std::int64_t kPatienceNs = 1'000'000'000;
// The kernel stamps the frames. A wake-up for each would take time of the guest's only CPU.
constexpr int kBetweenReadsMs = 50;

struct Direction {
  const char* from_name = "";
  const char* to_name = "";
  int from = 0;
  int to = 0;
  WireLedger ledger;
};

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "wire_probe: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

std::int64_t to_ns(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return to_ns(now);
}

int open_socket() {
  const int file = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
  if (file < 0) die("packet socket");
  const int on = 1;
  if (setsockopt(file, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) die("SO_TIMESTAMPNS");
  if (setsockopt(file, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) {
    die("SO_RCVBUFFORCE");
  }
  return file;
}

std::int64_t time_of(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(part), sizeof time);
    return to_ns(time);
  }
  return now_ns();
}

// Returns false when there is nothing more to read.
bool take_one(int file, std::span<Direction> directions) {
  std::array<std::uint8_t, kLooksAt> bytes;
  alignas(cmsghdr) std::array<char, 128> control;
  sockaddr_ll link{};
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_name = &link;
  message.msg_namelen = sizeof link;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(file, &message, MSG_DONTWAIT | MSG_TRUNC);
  if (length < 0) return errno == EINTR;
  if (link.sll_protocol != htons(ETH_P_IP)) return true;
  const auto whole = static_cast<std::size_t>(length);
  const std::uint64_t frame =
      usbgw::wire_probe::fingerprint(std::span(bytes).first(std::min(whole, bytes.size())), whole);
  const bool goes_out = link.sll_pkttype == PACKET_OUTGOING;
  for (Direction& each : directions) {
    if (goes_out && link.sll_ifindex == each.to) each.ledger.left(frame, time_of(message));
    if (!goes_out && link.sll_ifindex == each.from) each.ledger.entered(frame, time_of(message));
  }
  return true;
}

// Returns what the socket had no room for.
unsigned dropped(int file) {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  if (getsockopt(file, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) die("statistics");
  return statistics.tp_drops;
}

void print(const Direction& direction) {
  const WireFigures f = direction.ledger.figures(now_ns(), kPatienceNs);
  const auto ms = [](std::int64_t ns) { return static_cast<double>(ns) / 1e6; };
  std::printf(
      "from=%s to=%s frames=%llu lost=%llu overtaken=%llu unknown=%llu min_ms=%.3f p50_ms=%.3f "
      "p99_ms=%.3f max_ms=%.3f\n",
      direction.from_name, direction.to_name, static_cast<unsigned long long>(f.entered),
      static_cast<unsigned long long>(f.lost), static_cast<unsigned long long>(f.overtaken),
      static_cast<unsigned long long>(f.unknown), ms(f.delay_min_ns), ms(f.delay_p50_ns),
      ms(f.delay_p99_ns), ms(f.delay_max_ns));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc % 2 == 0) {
    std::fprintf(stderr, "usage: wire_probe FROM TO [FROM TO...]\n");
    return 2;
  }
  std::vector<Direction> directions;
  for (int i = 1; i + 1 < argc; i += 2) {
    Direction direction;
    direction.from_name = argv[i];
    direction.to_name = argv[i + 1];
    direction.from = static_cast<int>(if_nametoindex(argv[i]));
    direction.to = static_cast<int>(if_nametoindex(argv[i + 1]));
    if (direction.from == 0) die(argv[i]);
    if (direction.to == 0) die(argv[i + 1]);
    directions.push_back(std::move(direction));
  }
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  const int signals = signalfd(-1, &ending, SFD_CLOEXEC);
  if (signals < 0) die("signalfd");
  const int file = open_socket();
  pollfd ending_asked{signals, POLLIN, 0};
  do {
    if (poll(&ending_asked, 1, kBetweenReadsMs) < 0 && errno != EINTR) die("poll");
    while (take_one(file, directions)) {
    }
  } while (ending_asked.revents == 0);
  if (const unsigned count = dropped(file); count > 0) {
    std::fprintf(stderr, "wire_probe: %u frames were not seen\n", count);
    return 1;
  }
  for (const Direction& each : directions) print(each);
  return 0;
}

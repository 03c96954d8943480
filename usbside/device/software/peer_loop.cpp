#include "usbside/device/software/peer_loop.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace usbgw::device::software {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

int make_signal_fd() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGUSR1, SIGTERM, SIGINT}) sigaddset(&set, each);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

// How long ppoll() may wait, in `room`; null: for ever.
const timespec* until(Instant deadline, timespec& room) {
  if (deadline == kNever) return nullptr;
  const Duration wait = std::max(deadline - monotonic_now(), Duration::zero());
  room.tv_sec = wait.count() / 1'000'000'000;
  room.tv_nsec = wait.count() % 1'000'000'000;
  return &room;
}

Instant on_grid(Instant deadline, Duration grid) {
  if (grid <= Duration::zero() || deadline == kNever) return deadline;
  const auto since = deadline.time_since_epoch();
  return Instant((since + grid - Duration(1)) / grid * grid);
}

enum class SocketState : std::uint8_t { open, closed };

SocketState read_socket(UsbipPeer& peer, int socket, PeerLoopStatistics& statistics) {
  const auto room = peer.room();
  const ssize_t got = recv(socket, room.data(), room.size(), MSG_DONTWAIT);
  ++statistics.reads;
  if (got > 0) peer.commit(static_cast<std::size_t>(got));
  const bool is_closed = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  return is_closed ? SocketState::closed : SocketState::open;
}

SocketState write_socket(UsbipPeer& peer, int socket, PeerLoopStatistics& statistics) {
  while (!peer.output().empty()) {
    const auto output = peer.output();
    const ssize_t sent = send(socket, output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN ? SocketState::open : SocketState::closed;
    ++statistics.writes;
    peer.written(static_cast<std::size_t>(sent));
  }
  return SocketState::open;
}

// False: the loop is to end.
bool take_signals(int fd, const std::function<void()>& on_dump) {
  signalfd_siginfo info{};
  while (read(fd, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo != static_cast<std::uint32_t>(SIGUSR1)) return false;
    on_dump();
  }
  return true;
}

}  // namespace

Instant monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec));
}

Result<void> run_peer(UsbipPeer& peer, const PeerLoopOptions& options,
                      PeerLoopStatistics& statistics, const std::function<void()>& on_dump) {
  const Descriptor signals(make_signal_fd());
  if (signals.get() < 0) return fail(ErrorCode::io, with_errno("signalfd", errno));
  if (options.fifo_priority > 0) {
    sched_param parameter{};
    parameter.sched_priority = options.fifo_priority;
    statistics.is_realtime = sched_setscheduler(0, SCHED_FIFO, &parameter) == 0;
  }
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // nanoseconds; the default is 50 us
  const Instant start = monotonic_now();
  const Instant end = options.run_for < kNever - start ? start + options.run_for : kNever;
  for (;;) {
    const Instant deadline = std::min(on_grid(peer.next_deadline(), options.grid), end);
    const bool has_output = !peer.output().empty();
    std::array<pollfd, 2> wait{
        pollfd{options.socket, static_cast<short>(has_output ? POLLIN | POLLOUT : POLLIN), 0},
        pollfd{signals.get(), POLLIN, 0}};
    timespec room{};
    if (ppoll(wait.data(), wait.size(), until(deadline, room), nullptr) < 0 && errno != EINTR)
      return fail(ErrorCode::io, with_errno("ppoll", errno));
    const Instant now = monotonic_now();
    ++statistics.wakeups;
    if (now >= deadline) statistics.lateness.record((now - deadline).count());
    if (wait[0].revents != 0) {
      const bool is_open = read_socket(peer, options.socket, statistics) == SocketState::open;
      if (!is_open) return {};
    }
    if (auto processed = peer.process(now); !processed) return processed;
    if (write_socket(peer, options.socket, statistics) == SocketState::closed) return {};
    if (wait[1].revents != 0 && !take_signals(signals.get(), on_dump)) return {};
    if (now >= end) return {};
  }
}

}  // namespace usbgw::device::software

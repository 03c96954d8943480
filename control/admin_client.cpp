#include "control/admin_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "control/unix_socket.h"

namespace usbgw::control {
namespace {

// A command of a person waits on the machine's own clock: no layer below decides anything by it.
using Steady = std::chrono::steady_clock;

class Exchange {
 public:
  Exchange(int descriptor, std::string path, Duration patience)
      : descriptor_(descriptor),
        path_(std::move(path)),
        patience_(patience),
        deadline_(Steady::now() + patience) {}

  Result<void> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (auto ready = wait_after(sent, POLLOUT); !ready) {
        return ready;
      }
    }
    return {};
  }

  Result<std::string> receive_line() {
    std::string line;
    std::array<char, 16384> bytes;
    while (line.size() <= kMaxAdminReply) {
      const ssize_t got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
      if (got > 0) {
        line.append(bytes.data(), static_cast<std::size_t>(got));
        if (line.back() == '\n') return line.substr(0, line.size() - 1);
      } else if (auto ready = wait_after(got, POLLIN); !ready) {
        return tl::unexpected<Error>(ready.error());
      }
    }
    return fail(ErrorCode::protocol, "usbgw at " + path_ + " answers without end");
  }

 private:
  // After a call that moved nothing: ends the exchange or waits until it may move.
  Result<void> wait_after(ssize_t result, short events) {
    if (result == 0) {
      return fail(ErrorCode::unavailable, "usbgw at " + path_ + " ended before it answered");
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      return fail(ErrorCode::io, with_errno("usbgw at " + path_, errno));
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Steady::now()).count();
    pollfd poll{descriptor_, events, 0};
    if (left > 0 && ::poll(&poll, 1, static_cast<int>(left)) != 0) return {};
    return fail(
        ErrorCode::timed_out,
        "usbgw at " + path_ + " did not answer within " +
            std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience_).count()) +
            " s");
  }

  int descriptor_;
  std::string path_;
  Duration patience_;
  Steady::time_point deadline_;
};

}  // namespace

Result<AdminReport> ask(const std::string& path, const AdminRequest& request, Duration patience) {
  const auto socket = connect_to(path);
  if (!socket) return tl::unexpected<Error>(socket.error());
  Exchange exchange(socket->get(), path, patience);
  return exchange.send(encode(request) + "\n")
      .and_then([&] { return exchange.receive_line(); })
      .and_then([](const std::string& line) { return decode_reply(line); });
}

}  // namespace usbgw::control

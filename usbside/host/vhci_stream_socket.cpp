#include "usbside/host/vhci_stream_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "wire/usbip_reader.h"

namespace usbgw::host {
namespace {

// Two largest PDUs: vhci reads on its own thread, so more waiting than that means it has stopped.
constexpr std::size_t kBacklog = 2 * wire::usbip::kDefaultMaxTransfer + (64 << 10);
// One 1 MiB completion goes out in one call where the system's limit allows it: net.core.wmem_max
// (208 KiB unless set) bounds what an ordinary process gets.
constexpr int kSocketBuffer = 2 << 20;

// With CAP_NET_ADMIN beyond the limit. A refused size only costs more calls.
void widen(int descriptor) {
  for (const int option : {SO_SNDBUFFORCE, SO_SNDBUF}) {
    if (::setsockopt(descriptor, SOL_SOCKET, option, &kSocketBuffer, sizeof kSocketBuffer) == 0)
      return;
  }
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

VhciStreamSocket::VhciStreamSocket(int descriptor, std::size_t backlog_bytes)
    : descriptor_(descriptor), backlog_(backlog_bytes) {}

VhciStreamSocket::~VhciStreamSocket() {
  ::close(descriptor_);
}

Result<VhciStreamSocket::Pair> VhciStreamSocket::make_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(ErrorCode::exhausted, with_errno("socket pair for vhci_hcd", errno));
  }
  // Only our end: vhci blocks on its own.
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  widen(ends[0]);
  return Pair{std::make_unique<VhciStreamSocket>(ends[0], kBacklog), ends[1]};
}

std::size_t VhciStreamSocket::read(std::span<std::byte> to) {
  if (std::exchange(is_known_empty_, false) || closed_ || to.empty()) return 0;
  const ssize_t bytes = ::recv(descriptor_, to.data(), to.size(), MSG_DONTWAIT);
  if (bytes > 0) {
    is_known_empty_ = static_cast<std::size_t>(bytes) < to.size();
    return static_cast<std::size_t>(bytes);
  }
  if (bytes == 0 || !would_block(errno)) closed_ = true;
  return 0;
}

bool VhciStreamSocket::write(std::span<const std::byte> head, std::span<const std::byte> payload,
                             std::span<const std::byte> tail) {
  if (closed_) return false;
  const std::array<std::span<const std::byte>, 3> parts{head, payload, tail};
  std::size_t sent = 0;
  if (begin_ == end_) {
    std::array<iovec, 3> pieces{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      // sendmsg does not write through it.
      pieces[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t bytes = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (bytes < 0 && !would_block(errno)) {
      closed_ = true;
      return false;
    }
    sent = static_cast<std::size_t>(std::max<ssize_t>(bytes, 0));
  }
  const std::size_t left = head.size() + payload.size() + tail.size() - sent;
  if (left > backlog_.size() - (end_ - begin_)) return false;
  for (const auto& part : parts) {
    const std::size_t skipped = std::min(sent, part.size());
    sent -= skipped;
    if (!keep(part.subspan(skipped))) return false;
  }
  return true;
}

bool VhciStreamSocket::keep(std::span<const std::byte> bytes) {
  if (bytes.size() > backlog_.size() - end_) {
    std::copy(backlog_.begin() + static_cast<std::ptrdiff_t>(begin_),
              backlog_.begin() + static_cast<std::ptrdiff_t>(end_), backlog_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (bytes.size() > backlog_.size() - end_) return false;
  std::copy(bytes.begin(), bytes.end(), backlog_.begin() + static_cast<std::ptrdiff_t>(end_));
  end_ += bytes.size();
  return true;
}

std::size_t VhciStreamSocket::flush() {
  std::size_t sent = 0;
  while (begin_ < end_ && !closed_) {
    const ssize_t bytes =
        ::send(descriptor_, backlog_.data() + begin_, end_ - begin_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (bytes < 0) {
      closed_ = !would_block(errno);
      break;
    }
    begin_ += static_cast<std::size_t>(bytes);
    sent += static_cast<std::size_t>(bytes);
  }
  if (begin_ == end_) begin_ = end_ = 0;
  return sent;
}

void VhciStreamSocket::append_descriptors(std::vector<int>& readable) const {
  if (!closed_) readable.push_back(descriptor_);
}

void VhciStreamSocket::polled(const ReadyDescriptors& ready) {
  is_known_empty_ = !ready.contains(descriptor_);
}

}  // namespace usbgw::host

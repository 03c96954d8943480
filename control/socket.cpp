#include "control/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace usbgw::control {
namespace {

constexpr int kBacklog = 64;
constexpr int kDscpShift = 2;  // the two low bits of the byte are ECN's (RFC 3168)
constexpr int kMaxPriority = 6;

struct RawAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

int family_of(const IpAddress& address) {
  return address.is_v4() ? AF_INET : AF_INET6;
}

RawAddress to_raw(const SocketAddress& address) {
  RawAddress raw;
  if (address.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    v4.sin_addr.s_addr = htonl(address.address.v4_host_order());
    std::memcpy(&raw.storage, &v4, sizeof v4);
    raw.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, address.address.bytes().data(), sizeof v6.sin6_addr);
    std::memcpy(&raw.storage, &v6, sizeof v6);
    raw.size = sizeof v6;
  }
  return raw;
}

SocketAddress from_raw(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    return {IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &storage, sizeof v6);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return {IpAddress(bytes), ntohs(v6.sin6_port)};
}

bool set(int socket, int level, int name, int value) {
  return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

tl::unexpected<Error> socket_failure(const std::string& what, int error) {
  return fail(ErrorCode::io, with_errno(what, error));
}

// IP_TOS sets the priority as well, so the priority comes after it (net/ipv4/ip_sockglue.c).
Result<void> mark(int socket, int family, const SocketOptions& options) {
  const int traffic_class = options.dscp << kDscpShift;
  if (!set(socket, IPPROTO_IP, IP_TOS, traffic_class) ||
      (family == AF_INET6 && !set(socket, IPPROTO_IPV6, IPV6_TCLASS, traffic_class)))
    return socket_failure("cannot set DSCP " + std::to_string(options.dscp), errno);
  if (options.priority > kMaxPriority || !set(socket, SOL_SOCKET, SO_PRIORITY, options.priority))
    return fail(ErrorCode::invalid_argument, "socket priority " + std::to_string(options.priority) +
                                                 " is not one of 0 to " +
                                                 std::to_string(kMaxPriority));
  return {};
}

Result<void> apply(int socket, int family, const SocketOptions& options) {
  if (!set(socket, IPPROTO_TCP, TCP_NODELAY, 1) ||
      !set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(options.unsent_bytes)))
    return socket_failure("cannot set TCP options", errno);
  if (options.pacing_bytes_per_second != 0 &&
      ::setsockopt(socket, SOL_SOCKET, SO_MAX_PACING_RATE, &options.pacing_bytes_per_second,
                   sizeof options.pacing_bytes_per_second) != 0)
    return socket_failure("cannot set the pacing rate", errno);
  return mark(socket, family, options);
}

Result<FileDescriptor> open_tcp(int family, const SocketOptions& options) {
  FileDescriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return socket_failure("cannot open a TCP socket", errno);
  if (auto applied = apply(socket.get(), family, options); !applied)
    return tl::unexpected(applied.error());
  return socket;
}

Error bind_failure(const SocketAddress& local, int error) {
  switch (error) {
    case EADDRINUSE:
      return {ErrorCode::busy, local.to_string() + " is in use by another program"};
    case EADDRNOTAVAIL:
      return {ErrorCode::unavailable,
              "no interface of this machine has the address " + local.address.to_string()};
    case EACCES:
      return {ErrorCode::refused, "port " + std::to_string(local.port) +
                                      " needs root or CAP_NET_BIND_SERVICE; use one above 1023"};
    default:
      return {ErrorCode::io, with_errno("cannot listen on " + local.to_string(), error)};
  }
}

}  // namespace

Result<FileDescriptor> listen_tcp(const SocketAddress& local, const SocketOptions& options) {
  const int family = family_of(local.address);
  auto socket = open_tcp(family, options);
  if (!socket) return socket;
  // A restarted gateway must not wait for its old connections' TIME_WAIT.
  set(socket->get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == AF_INET6)
    set(socket->get(), IPPROTO_IPV6, IPV6_V6ONLY, local.address.is_unspecified() ? 0 : 1);
  const RawAddress raw = to_raw(local);
  if (::bind(socket->get(), raw.get(), raw.size) != 0 || ::listen(socket->get(), kBacklog) != 0)
    return tl::unexpected(bind_failure(local, errno));
  return socket;
}

Result<std::optional<Accepted>> accept_tcp(int listener, const SocketOptions& options) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  FileDescriptor socket(::accept4(listener, reinterpret_cast<sockaddr*>(&storage), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    // What else accept(2) reports is the new connection's own trouble, or passes.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return socket_failure("cannot accept a connection", errno);
    return std::optional<Accepted>();
  }
  const SocketAddress remote = from_raw(storage);
  if (auto applied = apply(socket.get(), storage.ss_family, options); !applied)
    return tl::unexpected(applied.error());
  return std::optional<Accepted>(Accepted{std::move(socket), remote});
}

Result<FileDescriptor> connect_tcp(const SocketAddress& remote, const IpAddress& local,
                                   const SocketOptions& options) {
  auto socket = open_tcp(family_of(remote.address), options);
  if (!socket) return socket;
  if (!local.is_unspecified()) {
    const SocketAddress from{local, 0};
    const RawAddress raw = to_raw(from);
    if (::bind(socket->get(), raw.get(), raw.size) != 0)
      return tl::unexpected(bind_failure(from, errno));
  }
  const RawAddress raw = to_raw(remote);
  if (::connect(socket->get(), raw.get(), raw.size) != 0 && errno != EINPROGRESS)
    return socket_failure("cannot connect to " + remote.to_string(), errno);
  return socket;
}

std::optional<int> connect_error(int socket) {
  pollfd writable{socket, POLLOUT, 0};
  if (::poll(&writable, 1, 0) <= 0) return std::nullopt;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

Result<SocketAddress> local_address(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return socket_failure("cannot read the socket's address", errno);
  return from_raw(storage);
}

}  // namespace usbgw::control

#include "dataplane/dpdk/kernel_route.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>

#include "common/byte_order.h"

namespace usbgw::dpdk {
namespace {

constexpr std::uint16_t kDiscardPort = 9;
constexpr timeval kReplyTimeout{.tv_sec = 1, .tv_usec = 0};
constexpr std::uint16_t kUsable =
    NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
constexpr std::uint16_t kConfirmed = NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP;

// In the family's own length.
std::span<const std::byte> raw(const IpAddress& address) {
  return std::as_bytes(std::span(address.bytes())).subspan(address.is_v4() ? 12 : 0);
}

IpAddress address_of(std::span<const std::byte> value) {
  if (value.size() == 4) return IpAddress::v4(load_be<std::uint32_t>(value.data()));
  std::array<std::uint8_t, 16> bytes{};
  if (value.size() == bytes.size()) std::memcpy(bytes.data(), value.data(), bytes.size());
  return IpAddress(bytes);
}

// nlmsghdr, a body, and one attribute: rtnetlink(7).
template <class Body>
struct Request {
  nlmsghdr header{};
  Body body{};
  rtattr attribute{};
  std::array<std::byte, 16> value{};

  std::span<const std::byte> about(std::uint16_t type, std::uint16_t attribute_type,
                                   const IpAddress& address) {
    const auto bytes = raw(address);
    attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(bytes.size()));
    attribute.rta_type = attribute_type;
    std::memcpy(value.data(), bytes.data(), bytes.size());
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + sizeof body + attribute.rta_len);
    header.nlmsg_type = type;
    header.nlmsg_flags = NLM_F_REQUEST;
    return std::as_bytes(std::span(this, 1)).first(header.nlmsg_len);
  }
};

// The value of one attribute behind a body of `body_bytes`; empty when it is not there.
std::span<const std::byte> attribute_of(std::span<const std::byte> message, std::size_t body_bytes,
                                        std::uint16_t wanted) {
  std::size_t at = NLMSG_ALIGN(sizeof(nlmsghdr) + body_bytes);
  while (at + sizeof(rtattr) <= message.size()) {
    rtattr attribute;
    std::memcpy(&attribute, message.data() + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > message.size() - at) break;
    if (attribute.rta_type == wanted)
      return message.subspan(at + sizeof attribute, attribute.rta_len - sizeof attribute);
    at += RTA_ALIGN(attribute.rta_len);
  }
  return {};
}

}  // namespace

KernelRoutes::KernelRoutes(unsigned interface_index)
    : interface_index_(interface_index),
      socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kReplyTimeout, sizeof kReplyTimeout);
}

KernelRoutes::~KernelRoutes() {
  ::close(socket_);
}

std::span<const std::byte> KernelRoutes::ask(std::span<const std::byte> request) {
  if (::send(socket_, request.data(), request.size(), 0) < 0) return {};
  const auto bytes = ::recv(socket_, reply_.data(), reply_.size(), 0);
  if (bytes < static_cast<ssize_t>(sizeof(nlmsghdr))) return {};
  nlmsghdr header;
  std::memcpy(&header, reply_.data(), sizeof header);
  if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_len > static_cast<std::size_t>(bytes))
    return {};
  return std::span(reply_).first(header.nlmsg_len);
}

IpAddress KernelRoutes::next_hop(const IpAddress& destination) {
  Request<rtmsg> request;
  request.body.rtm_family = destination.is_v4() ? AF_INET : AF_INET6;
  request.body.rtm_dst_len = destination.is_v4() ? 32 : 128;
  const auto reply = ask(request.about(RTM_GETROUTE, RTA_DST, destination));
  const auto gateway = attribute_of(reply, sizeof(rtmsg), RTA_GATEWAY);
  return gateway.empty() ? destination : address_of(gateway);
}

std::optional<KernelRoutes::Neighbour> KernelRoutes::neighbour(const IpAddress& next_hop) {
  Request<ndmsg> request;
  request.body.ndm_family = next_hop.is_v4() ? AF_INET : AF_INET6;
  request.body.ndm_ifindex = static_cast<int>(interface_index_);
  const auto reply = ask(request.about(RTM_GETNEIGH, NDA_DST, next_hop));
  if (reply.size() < sizeof(nlmsghdr) + sizeof(ndmsg)) return std::nullopt;
  ndmsg body;
  std::memcpy(&body, reply.data() + sizeof(nlmsghdr), sizeof body);
  const auto link = attribute_of(reply, sizeof(ndmsg), NDA_LLADDR);
  Neighbour found{.mac = {}, .confirmed = (body.ndm_state & kConfirmed) != 0};
  if ((body.ndm_state & kUsable) == 0 || link.size() != found.mac.bytes.size()) return std::nullopt;
  std::memcpy(found.mac.bytes.data(), link.data(), link.size());
  return found;
}

void KernelRoutes::provoke(const IpAddress& destination) {
  const bool v4 = destination.is_v4();
  const int descriptor = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto bytes = raw(destination);
  sockaddr_in to4{};
  to4.sin_family = AF_INET;
  to4.sin_port = byte_swap(kDiscardPort);
  sockaddr_in6 to6{};
  to6.sin6_family = AF_INET6;
  to6.sin6_port = byte_swap(kDiscardPort);
  std::memcpy(v4 ? static_cast<void*>(&to4.sin_addr) : &to6.sin6_addr, bytes.data(), bytes.size());
  const void* to = v4 ? static_cast<const void*>(&to4) : &to6;
  static_cast<void>(::sendto(descriptor, nullptr, 0, MSG_DONTWAIT, static_cast<const sockaddr*>(to),
                             v4 ? sizeof to4 : sizeof to6));
  ::close(descriptor);
}

}  // namespace usbgw::dpdk

#include "usbside/device/libusb/descriptor_watch.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>

namespace usbgw::device {
namespace {

// The device's own, and libusb's event and timer descriptors.
constexpr int kMostDescriptors = 4;

}  // namespace

DescriptorWatch::DescriptorWatch() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

DescriptorWatch::~DescriptorWatch() {
  if (epoll_ >= 0) close(epoll_);
}

void DescriptorWatch::add(int descriptor, short events) {
  epoll_event event{};
  event.events =
      ((events & POLLIN) != 0 ? EPOLLIN : 0u) | ((events & POLLOUT) != 0 ? EPOLLOUT : 0u);
  event.data.fd = descriptor;
  static_cast<void>(epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event));
}

void DescriptorWatch::remove(int descriptor) {
  static_cast<void>(epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr));
  if (hung_up_ == descriptor) hung_up_.reset();
}

bool DescriptorWatch::look() {
  std::array<epoll_event, kMostDescriptors> events{};
  const int count = epoll_wait(epoll_, events.data(), kMostDescriptors, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if ((event.events & (EPOLLHUP | EPOLLERR)) == 0) continue;
    remove(event.data.fd);
    hung_up_ = event.data.fd;
  }
  return count > 0;
}

}  // namespace usbgw::device

// libusb's descriptors of one device behind one that a worker can wait for. USB worker.
#pragma once

#include <optional>

namespace usbgw::device {

// An unplugged device's descriptor hangs up when the kernel begins to take the device away, and
// libusb takes notice only when the kernel is done (POLLHUP, POLLERR: drivers/usb/core/devio.c,
// usbdev_poll). Waiting for it in between would return at once each time, and a real-time thread
// would keep the kernel's hub worker from being done. So a hang-up wakes once.
class DescriptorWatch {
 public:
  DescriptorWatch();
  ~DescriptorWatch();
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;

  void add(int descriptor, short events);  // POLLIN, POLLOUT
  void remove(int descriptor);

  // True when libusb has work. Never blocks.
  [[nodiscard]] bool look();
  // A descriptor has hung up, and libusb has not removed it yet.
  [[nodiscard]] bool has_hung_up() const { return hung_up_.has_value(); }
  // Readable when look() would return true.
  [[nodiscard]] int descriptor() const { return epoll_; }

 private:
  int epoll_;
  std::optional<int> hung_up_;
};

}  // namespace usbgw::device

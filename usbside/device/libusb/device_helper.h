// The thread beside one libusb device that makes libusb's blocking calls, which hold the kernel's
// device lock. While it is out the USB worker leaves the device's context alone.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "usbside/device/usb_device.h"

struct libusb_device_handle;

namespace usbgw::device {

class DeviceHelper {
 public:
  // Worker's and helper's view of the unplugging.
  using Gone = std::atomic<bool>;

  // The handle outlives the helper. `info` names the interfaces.
  DeviceHelper(libusb_device_handle* handle, const DeviceInfo& info, const Gone& gone);
  ~DeviceHelper();
  DeviceHelper(const DeviceHelper&) = delete;
  DeviceHelper& operator=(const DeviceHelper&) = delete;

  // Worker. One command at a time.
  void start(const DeviceCommand& command);
  // Worker. The result of the command that ended, once.
  [[nodiscard]] std::optional<UrbStatus> finished();
  // Readable when a command has ended.
  [[nodiscard]] int descriptor() const { return event_; }
  // libusb_close() would abort (libusb issue 1199): a setting was changed after the unplug.
  [[nodiscard]] bool must_not_close() const { return must_not_close_.load(); }

 private:
  void adopt_priority_of_caller();
  void loop();
  UrbStatus run(const DeviceCommand& command);
  UrbStatus claim();
  UrbStatus claim_interfaces(std::uint8_t configuration);
  UrbStatus set_configuration(std::uint8_t value);
  UrbStatus set_interface(std::uint8_t interface, std::uint8_t alternate);
  void reset_alternates();
  void release(bool give_back_to_kernel);

  libusb_device_handle* handle_;
  const DeviceInfo& info_;
  const Gone& gone_;
  int event_ = -1;
  std::atomic<bool> must_not_close_{false};

  // Helper's own.
  std::vector<std::uint8_t> claimed_;
  std::array<std::uint8_t, 256> alternates_{};
  std::uint8_t configuration_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<DeviceCommand> command_;  // guarded
  std::optional<UrbStatus> result_;       // guarded
  bool stop_ = false;                     // guarded
  std::thread thread_;                    // last: starts with everything above in place
};

}  // namespace usbgw::device

#include "usbside/device/libusb/device_helper.h"

#include <libusb-1.0/libusb.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "common/assertion.h"
#include "usbside/device/libusb/libusb_status.h"
#include "wire/descriptors.h"

namespace usbgw::device {

DeviceHelper::DeviceHelper(libusb_device_handle* handle, const DeviceInfo& info, const Gone& gone)
    : handle_(handle),
      info_(info),
      gone_(gone),
      event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      configuration_(info.active_configuration),
      thread_([this] { loop(); }) {}

DeviceHelper::~DeviceHelper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  release(true);
  if (event_ >= 0) close(event_);
}

// The call holds the lock that the worker's next submission waits for, so it runs at the worker's
// priority; refused rights leave it where it was.
void DeviceHelper::adopt_priority_of_caller() {
  int policy = 0;
  sched_param parameters{};
  if (pthread_getschedparam(pthread_self(), &policy, &parameters) != 0) return;
  static_cast<void>(pthread_setschedparam(thread_.native_handle(), policy, &parameters));
}

void DeviceHelper::start(const DeviceCommand& command) {
  adopt_priority_of_caller();
  {
    const std::lock_guard lock(mutex_);
    USBGW_ASSERT(!command_ && !result_);
    command_ = command;
  }
  wake_.notify_one();
}

std::optional<UrbStatus> DeviceHelper::finished() {
  std::uint64_t count = 0;
  const std::lock_guard lock(mutex_);
  if (!result_) return std::nullopt;
  static_cast<void>(read(event_, &count, sizeof count));
  return std::exchange(result_, std::nullopt);
}

void DeviceHelper::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || command_; });
    if (!command_) return;
    const DeviceCommand command = *command_;
    lock.unlock();
    const UrbStatus status =
        gone_ && command.kind != DeviceCommand::Kind::release ? UrbStatus::no_device : run(command);
    lock.lock();
    command_.reset();
    result_ = status;
    const std::uint64_t one = 1;
    static_cast<void>(write(event_, &one, sizeof one));
  }
}

UrbStatus DeviceHelper::run(const DeviceCommand& command) {
  switch (command.kind) {
    case DeviceCommand::Kind::claim:
      return claim();
    case DeviceCommand::Kind::set_configuration:
      return set_configuration(command.value);
    case DeviceCommand::Kind::set_interface:
      return set_interface(command.interface, command.value);
    case DeviceCommand::Kind::clear_halt:
      return status_of_command(libusb_clear_halt(handle_, command.endpoint.value()));
    case DeviceCommand::Kind::reset: {
      // NOT_FOUND: the device came back as another one (libusb_reset_device).
      const int error = libusb_reset_device(handle_);
      return error == LIBUSB_ERROR_NOT_FOUND ? UrbStatus::no_device : status_of_command(error);
    }
    case DeviceCommand::Kind::release:
      reset_alternates();
      release(true);
      return UrbStatus::ok;
  }
  return UrbStatus::protocol_error;
}

UrbStatus DeviceHelper::claim() {
  const UrbStatus status = claim_interfaces(configuration_);
  if (status != UrbStatus::ok) release(true);
  return status;
}

UrbStatus DeviceHelper::claim_interfaces(std::uint8_t configuration) {
  // The kernel's drivers leave at each claim and come back at each release.
  static_cast<void>(libusb_set_auto_detach_kernel_driver(handle_, 1));
  alternates_.fill(0);
  for (const auto& bytes : info_.configuration_descriptors) {
    const auto parsed = wire::parse_configuration(bytes, info_.speed);
    if (!parsed || parsed->value != configuration) continue;
    for (const auto& setting : parsed->alternates) {
      if (std::find(claimed_.begin(), claimed_.end(), setting.interface) != claimed_.end())
        continue;
      const int error = libusb_claim_interface(handle_, setting.interface);
      if (error != LIBUSB_SUCCESS) return status_of_command(error);
      claimed_.push_back(setting.interface);
    }
  }
  return UrbStatus::ok;
}

// Setting the same configuration again would reset every interface and disturb some devices; what
// the driver expects of it, alternate setting 0 everywhere, is done by itself.
UrbStatus DeviceHelper::set_configuration(std::uint8_t value) {
  if (value == configuration_) {
    reset_alternates();
    return gone_ ? UrbStatus::no_device : UrbStatus::ok;
  }
  release(false);
  const int error = libusb_set_configuration(handle_, value == 0 ? -1 : value);
  if (error == LIBUSB_SUCCESS) configuration_ = value;
  const UrbStatus claimed = claim_interfaces(configuration_);
  return error == LIBUSB_SUCCESS ? claimed : status_of_command(error);
}

UrbStatus DeviceHelper::set_interface(std::uint8_t interface, std::uint8_t alternate) {
  if (gone_) return UrbStatus::no_device;
  const int error = libusb_set_interface_alt_setting(handle_, interface, alternate);
  if (error == LIBUSB_ERROR_NO_DEVICE) must_not_close_ = true;
  if (error == LIBUSB_SUCCESS) alternates_[interface] = alternate;
  return status_of_command(error);
}

void DeviceHelper::reset_alternates() {
  for (const std::uint8_t interface : claimed_)
    if (alternates_[interface] != 0) static_cast<void>(set_interface(interface, 0));
}

void DeviceHelper::release(bool give_back_to_kernel) {
  static_cast<void>(libusb_set_auto_detach_kernel_driver(handle_, give_back_to_kernel ? 1 : 0));
  for (const std::uint8_t interface : claimed_)
    static_cast<void>(libusb_release_interface(handle_, interface));
  claimed_.clear();
}

}  // namespace usbgw::device

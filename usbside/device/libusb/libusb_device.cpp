#include "usbside/device/libusb/libusb_device.h"

#include <libusb-1.0/libusb.h>

#include <algorithm>
#include <utility>

#include "common/assertion.h"
#include "usbside/device/libusb/libusb_device_impl.h"
#include "usbside/device/libusb/libusb_status.h"
#include "usbside/device/libusb/open_error.h"

namespace usbgw::device {
namespace {

constexpr std::size_t kReserved = 512;  // transfers of one device: rings and URBs
// How soon libusb is asked again whether the kernel has taken an unplugged device away.
constexpr Duration kLookAgain = std::chrono::milliseconds(1);
// libusb_handle_events leaves the rest to the next call (libusb 1.0.26, linux_usbfs.c,
// op_handle_events: 26 of them).
constexpr std::size_t kMostReaped = 25;

}  // namespace

LibusbDevice::LibusbDevice(libusb_context* context, libusb_device_handle* handle, DeviceInfo info,
                           const Clock& clock)
    : info_(std::move(info)), clock_(clock), context_(context), handle_(handle) {
  held_.reserve(kReserved);
  to_cancel_.reserve(kReserved);
  ended_.reserve(kReserved);
  watch_descriptors();
  helper_ = std::make_unique<DeviceHelper>(handle_, info_, gone_);
}

// Transfers are back by now (DeviceAttachment::is_drained). A handle that libusb_close() would
// abort on is left open, with its context: one small leak for one unplugging at a bad moment.
LibusbDevice::~LibusbDevice() {
  closing_ = true;
  const bool may_close = !helper_->must_not_close();
  helper_.reset();
  libusb_set_pollfd_notifiers(context_, nullptr, nullptr, nullptr);
  if (may_close) {
    libusb_close(handle_);
    libusb_exit(context_);
  }
}

void LibusbDevice::watch_descriptors() {
  libusb_set_pollfd_notifiers(context_, &on_descriptor_added, &on_descriptor_removed, this);
  const libusb_pollfd** const all = libusb_get_pollfds(context_);
  if (all == nullptr) return;
  for (const libusb_pollfd** one = all; *one != nullptr; ++one)
    watch_.add((*one)->fd, (*one)->events);
  libusb_free_pollfds(all);
}

void LibusbDevice::on_descriptor_added(int descriptor, short events, void* device) {
  static_cast<LibusbDevice*>(device)->watch_.add(descriptor, events);
}

// libusb drops the device's descriptor by itself only when the kernel says that it is gone.
void LibusbDevice::on_descriptor_removed(int descriptor, void* device) {
  auto& self = *static_cast<LibusbDevice*>(device);
  self.watch_.remove(descriptor);
  if (!self.closing_) self.gone_ = true;
}

std::unique_ptr<Transfer> LibusbDevice::make_transfer(std::size_t iso_packets) {
  return std::make_unique<LibusbTransfer>(*this, iso_packets);
}

UrbStatus LibusbDevice::submit(Transfer& transfer) {
  USBGW_ASSERT(!transfer.in_flight);
  if (gone_) return UrbStatus::no_device;
  auto& ours = static_cast<LibusbTransfer&>(transfer);
  if (commanding_) {
    transfer.in_flight = true;
    held_.push_back(&ours);
    return UrbStatus::ok;
  }
  return submit_now(ours);
}

UrbStatus LibusbDevice::submit_now(LibusbTransfer& transfer) {
  transfer.actual = 0;
  transfer.load(handle_);
  const UrbStatus status = status_of_submit(libusb_submit_transfer(transfer.native()));
  if (status == UrbStatus::no_device) gone_ = true;
  transfer.in_flight = status == UrbStatus::ok;
  return status;
}

void LibusbDevice::cancel(Transfer& transfer) {
  USBGW_ASSERT(transfer.in_flight);
  auto& ours = static_cast<LibusbTransfer&>(transfer);
  const auto held = std::find(held_.begin(), held_.end(), &ours);
  if (held != held_.end()) {
    held_.erase(held);
    end_held(ours, UrbStatus::connection_reset);
  } else if (commanding_) {
    to_cancel_.push_back(&ours);
  } else {
    cancel_now(ours);
  }
}

// NOT_FOUND: it has completed and will be reaped; no error.
void LibusbDevice::cancel_now(LibusbTransfer& transfer) {
  static_cast<void>(libusb_cancel_transfer(transfer.native()));
}

void LibusbDevice::end_held(LibusbTransfer& transfer, UrbStatus status) {
  transfer.status = status;
  transfer.actual = 0;
  ended_.push_back(&transfer);
}

void LibusbDevice::start(const DeviceCommand& command) {
  USBGW_ASSERT(!commanding_ && !command_result_);
  commanding_ = true;
  if (in_events_)
    to_start_ = command;  // libusb still holds the context
  else
    helper_->start(command);
}

std::optional<UrbStatus> LibusbDevice::finished_command() {
  return std::exchange(command_result_, std::nullopt);
}

void LibusbDevice::take_command_result() {
  const auto result = helper_->finished();
  if (!result) return;
  commanding_ = false;
  command_result_ = *result;
  if (*result == UrbStatus::no_device) gone_ = true;
  for (LibusbTransfer* transfer : to_cancel_)
    if (transfer->in_flight) cancel_now(*transfer);
  to_cancel_.clear();
  auto held = std::exchange(held_, {});
  for (LibusbTransfer* transfer : held) {
    const UrbStatus status = gone_ ? UrbStatus::no_device : submit_now(*transfer);
    if (status == UrbStatus::ok) continue;
    transfer->in_flight = true;  // until its owner has heard
    end_held(*transfer, status);
  }
  held.clear();
  held_ = std::move(held);  // keeps the reserved memory
}

std::size_t LibusbDevice::run_ended(Instant now) {
  std::size_t count = 0;
  for (; !ended_.empty() && count < kReserved; ++count) {
    LibusbTransfer* const transfer = ended_.front();
    ended_.erase(ended_.begin());
    transfer->in_flight = false;
    transfer->pending_at = now;
    transfer->owner->on_complete(*transfer, now);
  }
  return count;
}

// A hang-up is the kernel's first sign of the unplugging; transfers tell too, where there are any.
bool LibusbDevice::libusb_has_work() {
  const bool is_ready = watch_.look();
  if (!watch_.has_hung_up()) return is_ready;
  gone_ = true;
  if (!is_ready && now_ < look_again_) return false;
  look_again_ = now_ + kLookAgain;
  return true;
}

std::size_t LibusbDevice::poll(Instant now) {
  const Instant last_turn = std::exchange(now_, now);
  const bool is_known_empty = std::exchange(is_known_empty_, false) && !watch_.has_hung_up();
  const bool is_unasked = std::exchange(is_unasked_, false) && !watch_.has_hung_up();
  if (commanding_) take_command_result();
  std::size_t work = run_ended(now);
  if (is_known_empty)
    empty_at_ = last_turn;  // or later: the runner asked in between
  else if (!commanding_ && !is_unasked)
    work += reap();
  if (to_start_) {
    helper_->start(*to_start_);
    to_start_.reset();
  }
  return work;
}

std::size_t LibusbDevice::reap() {
  const Instant began = clock_.now();
  reaped_ = 0;
  if (libusb_has_work()) {
    timeval zero{0, 0};
    in_events_ = true;
    static_cast<void>(libusb_handle_events_timeout_completed(context_, &zero, nullptr));
    in_events_ = false;
  }
  if (reaped_ < kMostReaped) empty_at_ = began;
  return reaped_;
}

void LibusbDevice::complete(LibusbTransfer& transfer) {
  transfer.store();
  transfer.in_flight = false;
  if (transfer.status == UrbStatus::no_device) gone_ = true;
  ++reaped_;
  transfer.pending_at = empty_at_;
  // Not now_: that is from before it was reaped, and a stamp may be late but never early.
  transfer.owner->on_complete(transfer, clock_.now());
}

// No transfer of ours has a timeout.
Instant LibusbDevice::next_deadline() const {
  if (!ended_.empty()) return Instant{};
  return watch_.has_hung_up() && !commanding_ ? look_again_ : kNever;
}

// While the helper is out, only its end is work.
void LibusbDevice::append_descriptors(std::vector<int>& readable) const {
  readable.push_back(commanding_ ? helper_->descriptor() : watch_.descriptor());
}

void LibusbDevice::polled(const ReadyDescriptors& ready) {
  is_known_empty_ = !commanding_ && !ready.contains(watch_.descriptor());
}

Result<std::unique_ptr<UsbDevice>> open_libusb_device(const BusAddress& at, DeviceInfo info,
                                                      const Clock& clock) {
  libusb_context* context = nullptr;
  if (const int error = libusb_init(&context); error != LIBUSB_SUCCESS)
    return fail(ErrorCode::unavailable,
                std::string("libusb does not start: ") + libusb_error_name(error));
  libusb_device** list = nullptr;
  const auto count = libusb_get_device_list(context, &list);
  libusb_device_handle* handle = nullptr;
  int error = LIBUSB_ERROR_NO_DEVICE;
  for (ssize_t i = 0; i < count; ++i)
    if (libusb_get_bus_number(list[i]) == at.bus &&
        libusb_get_device_address(list[i]) == at.address)
      error = libusb_open(list[i], &handle);
  if (count >= 0) libusb_free_device_list(list, 1);
  if (error != LIBUSB_SUCCESS) {
    libusb_exit(context);
    return tl::unexpected(open_error(error, at, info));
  }
  int configuration = 0;
  if (libusb_get_configuration(handle, &configuration) == LIBUSB_SUCCESS)
    info.active_configuration = static_cast<std::uint8_t>(configuration);
  return std::make_unique<LibusbDevice>(context, handle, std::move(info), clock);
}

}  // namespace usbgw::device

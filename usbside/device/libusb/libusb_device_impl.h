// The USB worker's side of a libusb device: submits, reaps and cancels, and waits with all three
// while the helper is out.
#pragma once

#include <atomic>
#include <vector>

#include "usbside/device/libusb/descriptor_watch.h"
#include "usbside/device/libusb/device_helper.h"
#include "usbside/device/libusb/libusb_transfer.h"

struct libusb_context;
struct libusb_transfer;

namespace usbgw::device {

class LibusbDevice final : public UsbDevice {
 public:
  // Takes over context and handle.
  LibusbDevice(libusb_context* context, libusb_device_handle* handle, DeviceInfo info,
               const Clock& clock);
  ~LibusbDevice() override;

  const DeviceInfo& info() const override { return info_; }
  std::unique_ptr<Transfer> make_transfer(std::size_t iso_packets) override;
  UrbStatus submit(Transfer& transfer) override;
  void cancel(Transfer& transfer) override;
  void start(const DeviceCommand& command) override;
  bool is_commanding() const override { return commanding_; }
  std::optional<UrbStatus> finished_command() override;
  std::size_t poll(Instant now) override;
  Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void polled(const ReadyDescriptors& ready) override;
  void not_asked() override { is_unasked_ = !commanding_; }
  bool is_gone() const override { return gone_; }

  // From libusb, inside poll().
  void complete(LibusbTransfer& transfer);

 private:
  void watch_descriptors();
  UrbStatus submit_now(LibusbTransfer& transfer);
  void cancel_now(LibusbTransfer& transfer);
  void take_command_result();
  void end_held(LibusbTransfer& transfer, UrbStatus status);
  std::size_t run_ended(Instant now);
  std::size_t reap();
  [[nodiscard]] bool libusb_has_work();
  static void on_descriptor_added(int descriptor, short events, void* device);
  static void on_descriptor_removed(int descriptor, void* device);

  DeviceInfo info_;
  const Clock& clock_;
  libusb_context* context_;
  libusb_device_handle* handle_;
  DescriptorWatch watch_;  // usbfs reports completions as writability
  DeviceHelper::Gone gone_{false};
  bool closing_ = false;
  bool commanding_ = false;
  bool in_events_ = false;                   // inside libusb_handle_events
  std::optional<DeviceCommand> to_start_;    // started once libusb has returned
  std::optional<UrbStatus> command_result_;  // not yet taken
  std::vector<LibusbTransfer*> held_;        // to submit when the helper is back
  std::vector<LibusbTransfer*> to_cancel_;   // to cancel when the helper is back
  std::vector<LibusbTransfer*> ended_;       // ended without libusb; their owners learn in poll()
  Instant now_{};                            // of the turn
  bool is_known_empty_ = false;              // the next poll() need not ask libusb
  bool is_unasked_ = false;                  // nor does the next poll() know anything
  Instant empty_at_{};                       // when the kernel last had no completion for us
  Instant look_again_{};                     // while the descriptor has hung up
  std::size_t reaped_ = 0;
  std::unique_ptr<DeviceHelper> helper_;
};

}  // namespace usbgw::device

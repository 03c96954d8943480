// One USB device as the agent drives it: libusb (usbside/device/libusb/) or a software device
// (usbside/device/software/), behind the same calls. One USB worker owns it and alone submits,
// cancels and polls; blocking work runs in the implementation's own helper (a thread for libusb,
// nothing for software).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/loop.h"
#include "common/result.h"
#include "common/timeline.h"
#include "common/usb.h"

namespace usbgw::device {

struct DeviceInfo {
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::string serial;
  std::string manufacturer;
  std::string product;
  std::string location;  // where it is plugged, for people: "bus 1 port 2.4", "software:uac2"
  Speed speed = Speed::full;
  std::vector<std::byte> device_descriptor;                       // 18 bytes
  std::vector<std::vector<std::byte>> configuration_descriptors;  // whole, in index order
  std::uint8_t active_configuration = 0;                          // bConfigurationValue; 0: none
};

struct IsoPacket {
  std::uint32_t length = 0;  // asked for
  std::uint32_t actual = 0;
  UrbStatus status = UrbStatus::ok;
};

class Transfer;

class TransferOwner {
 public:
  virtual ~TransferOwner() = default;
  // From poll(), on the USB worker. `completed`: when the completion was reaped (or, for a software
  // device, when its bus finished it). The transfer is the owner's again and may be resubmitted
  // from here.
  virtual void on_complete(Transfer& transfer, Instant completed) = 0;
};

// One reusable request. The owner fills it while it is not in flight; the device writes the
// results.
class Transfer {
 public:
  virtual ~Transfer() = default;

  EndpointAddress endpoint;
  TransferType type = TransferType::control;
  SetupPacket setup;          // control only
  std::span<std::byte> data;  // OUT: bytes to send; IN: room. Valid while in flight. Isochronous:
                              // packets back to back, packet i at the sum of the lengths before it
  bool zero_packet = false;
  bool short_not_ok = false;
  std::vector<IsoPacket> packets;  // isochronous only; sized once, at make_transfer()
  TransferOwner* owner = nullptr;

  UrbStatus status = UrbStatus::ok;
  std::size_t actual = 0;  // not for isochronous
  // On completion: when it was last seen not to have completed. A completion that is reaped late
  // lies anywhere between this and the `completed` that its owner is given.
  Instant pending_at{};
  bool in_flight = false;
};

// What may block, and therefore runs aside. SET_CONFIGURATION, SET_INTERFACE, CLEAR_FEATURE(HALT)
// and reset become these, never raw transfers.
struct DeviceCommand {
  enum class Kind : std::uint8_t {
    claim,
    set_configuration,
    set_interface,
    clear_halt,
    reset,
    release
  };
  Kind kind{};
  std::uint8_t value = 0;      // configuration value, or alternate setting
  std::uint8_t interface = 0;  // set_interface
  EndpointAddress endpoint;    // clear_halt
};

class UsbDevice {
 public:
  virtual ~UsbDevice() = default;
  [[nodiscard]] virtual const DeviceInfo& info() const = 0;

  [[nodiscard]] virtual std::unique_ptr<Transfer> make_transfer(std::size_t iso_packets) = 0;
  // The status the URB would complete with when it cannot be submitted (no_device, ...); ok
  // otherwise. While a command is out (is_commanding()), submissions are held and started when it
  // ends.
  [[nodiscard]] virtual UrbStatus submit(Transfer& transfer) = 0;
  // The transfer still completes, once: with connection_reset, or with what the device had already
  // given.
  virtual void cancel(Transfer& transfer) = 0;

  // One at a time. The result comes back through poll() as finished_command().
  virtual void start(const DeviceCommand& command) = 0;
  [[nodiscard]] virtual bool is_commanding() const = 0;
  // The status of the command that ended since the last call, once.
  [[nodiscard]] virtual std::optional<UrbStatus> finished_command() = 0;

  // Runs completions; never blocks. Returns their number.
  virtual std::size_t poll(Instant now) = 0;
  [[nodiscard]] virtual Instant next_deadline() const = 0;
  virtual void append_descriptors(std::vector<int>& readable) const = 0;
  // See Loop.
  virtual void polled(const ReadyDescriptors& ready) { static_cast<void>(ready); }
  virtual void not_asked() {}
  [[nodiscard]] virtual bool is_gone() const = 0;
};

}  // namespace usbgw::device

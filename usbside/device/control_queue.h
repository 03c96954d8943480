// Control URBs of the host, one at a time and in order; those that change the device's settings run
// as device commands, never as raw transfers.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "usbside/device/device_stream.h"
#include "usbside/device/urb_reply.h"

namespace usbgw::device {

inline constexpr std::size_t kMaxPendingControls = 64;

// The command that this request stands for (USB 2.0 table 9-3; port reset as the kernel's
// drivers/usb/usbip/stub_rx.c, is_reset_device_cmd); nothing for requests that go to the device.
[[nodiscard]] std::optional<DeviceCommand> command_of(const SetupPacket& setup);

// The attachment's part in a command.
class CommandObserver {
 public:
  virtual ~CommandObserver() = default;
  // Stops the streams that the command would break. True once they have stopped; asked again until
  // then.
  virtual bool is_ready_for(const DeviceCommand& command) = 0;
  virtual void command_ended(const DeviceCommand& command, UrbStatus status) = 0;
};

class ControlQueue final : public TransferOwner {
 public:
  ControlQueue(StreamContext& context, CommandObserver& observer)
      : context_(context), observer_(observer), transfer_(context.device.make_transfer(0)) {}

  void submit(wire::UrbSubmit&& request);
  // False: no such URB here. A command that has begun is not interrupted; it answers when it ends.
  bool cancel(TransactionId transaction);
  void cancel_all();
  void drop_waiting(UrbStatus status);

  // Takes a command's end and starts what comes next. Returns the work done.
  std::size_t turn();
  [[nodiscard]] bool is_empty() const { return urbs_.empty(); }
  // A command is out, or one waits in the queue.
  [[nodiscard]] bool has_command() const;

  void on_complete(Transfer& transfer, Instant completed) override;

 private:
  enum class Stage : std::uint8_t { waiting, preparing, commanding, in_flight };
  struct Control {
    PendingUrb urb;
    std::optional<DeviceCommand> command;
  };

  [[nodiscard]] UrbStatus check(const wire::UrbSubmit& request) const;
  void pump();
  void begin(Control& control);
  void end_front(UrbStatus status);
  void answer(PendingUrb& urb);

  StreamContext& context_;
  CommandObserver& observer_;
  std::unique_ptr<Transfer> transfer_;
  std::deque<Control> urbs_;
  Stage stage_ = Stage::waiting;  // of the first
};

}  // namespace usbgw::device

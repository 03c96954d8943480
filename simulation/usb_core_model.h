// A model of what the kernel does with one device behind a vhci port: it numbers URBs, writes
// USB/IP commands, reads the answers as strictly as vhci_rx.c does, and enumerates. Any answer that
// would make a real vhci disconnect, or break a promise of design.md, is a violation and unplugs
// the device.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/timeline.h"
#include "common/usb.h"
#include "wire/descriptors.h"
#include "wire/usbip_reader.h"

namespace usbgw::simulation {

struct ModelUrb {
  std::uint32_t seqnum = 0;  // given at submit
  EndpointAddress endpoint;
  SetupPacket setup;
  std::uint32_t length = 0;
  std::vector<std::byte> data;  // OUT: what is sent; IN: what came, at its offsets
  std::vector<wire::usbip::IsoDescriptor> packets;  // isochronous
  UrbStatus status = UrbStatus::ok;
  std::uint32_t actual = 0;
  std::uint64_t tag = 0;  // the driver's own
  Instant submitted{};
  bool unlinked = false;
};

class DeviceModel;

// What drives a device once it is configured.
class DriverModel {
 public:
  virtual ~DriverModel() = default;
  virtual void configured(DeviceModel& device, const wire::Configuration& configuration,
                          Instant now) = 0;
  virtual void completed(DeviceModel& device, ModelUrb&& urb, Instant now) = 0;
  virtual void disconnected(Instant now) = 0;
  virtual std::size_t turn(DeviceModel& device, Instant now) = 0;
  [[nodiscard]] virtual Instant next_deadline() const { return kNever; }
};

class DeviceModel final : private wire::usbip::SubmittedUrbs {
 public:
  DeviceModel(Speed speed, DriverModel& driver) : speed_(speed), driver_(driver), reader_(*this) {}

  // The driver's side.
  std::uint32_t submit(ModelUrb&& urb, Instant now);
  void unlink(std::uint32_t seqnum);
  // Every URB that is not of the default pipe.
  void unlink_all();
  [[nodiscard]] Speed speed() const { return speed_; }
  [[nodiscard]] std::size_t pending() const { return urbs_.size(); }

  // The socket's side.
  [[nodiscard]] std::size_t take_commands(std::span<std::byte> to);
  [[nodiscard]] bool has_commands() const { return commands_taken_ < commands_.size(); }
  void give_replies(std::span<const std::byte> bytes, Instant now);

  std::size_t turn(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] bool is_addressed() const { return stage_ == Stage::configured; }
  [[nodiscard]] bool is_connected() const { return connected_; }
  void disconnect(Instant now);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] Duration longest_isochronous_wait() const { return longest_isochronous_wait_; }

 private:
  enum class Stage : std::uint8_t {
    start,
    device_descriptor,
    configuration_header,
    configuration,
    set,
    configured
  };

  [[nodiscard]] std::optional<wire::usbip::SubmittedShape> find(
      std::uint32_t seqnum) const override;
  void violate(std::string what, Instant now);
  void take_reply(const wire::usbip::ReplyPdu& pdu, Instant now);
  void finish(const wire::usbip::SubmitReply& reply, const wire::usbip::ReplyPdu& pdu, Instant now);
  [[nodiscard]] bool unpack(ModelUrb& urb, const wire::usbip::SubmitReply& reply,
                            const wire::usbip::ReplyPdu& pdu, Instant now);
  void enumerate(ModelUrb&& urb, Instant now);
  void request(SetupPacket setup, Instant now);

  Speed speed_;
  DriverModel& driver_;
  wire::usbip::ReplyReader reader_;
  std::map<std::uint32_t, ModelUrb> urbs_;
  std::map<std::uint32_t, std::uint32_t> unlinks_;  // the unlink's seqnum to its URB's
  std::vector<std::byte> commands_;
  std::size_t commands_taken_ = 0;
  std::uint32_t next_seqnum_ = 1;
  Stage stage_ = Stage::start;
  wire::Configuration configuration_;
  bool connected_ = true;
  std::vector<std::string> violations_;
  Duration longest_isochronous_wait_{};
};

}  // namespace usbgw::simulation

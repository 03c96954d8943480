// What a software device does, apart from any bus: its descriptors, its control requests, one
// packet per service interval of an isochronous endpoint, one packet per transaction of a bulk or
// interrupt endpoint. SoftwareBus supplies the time and the host controller's rules. Sans-IO, one
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/timeline.h"
#include "common/usb.h"

namespace usbgw::device::software {

struct Description {
  Speed speed = Speed::full;
  std::vector<std::byte> device;         // 18 bytes
  std::vector<std::byte> configuration;  // the only one; bConfigurationValue 1
  std::string manufacturer;              // string 1
  std::string product;                   // string 2
  std::string serial;                    // string 3
};

// One service interval: its number since the bus started and its nominal begin.
struct ServiceInterval {
  std::int64_t index = 0;  // frames at full speed, microframes at high speed
  Instant begin{};
};

// The device's handshake to one bulk or interrupt transaction.
struct Handshake {
  enum class Kind : std::uint8_t { ack, nak, stall };
  Kind kind = Kind::nak;
  std::size_t bytes = 0;  // IN: what the device sent

  [[nodiscard]] static Handshake ack(std::size_t bytes = 0) { return {Kind::ack, bytes}; }
  [[nodiscard]] static Handshake nak() { return {Kind::nak, 0}; }
  [[nodiscard]] static Handshake stall() { return {Kind::stall, 0}; }
};

class Function {
 public:
  virtual ~Function() = default;
  [[nodiscard]] virtual const Description& description() const = 0;

  // Class, vendor and HID requests; standard ones are answered by the bus. `data`: the OUT data
  // stage, or room for the IN one. ack(n) or stall().
  [[nodiscard]] virtual Handshake control(const SetupPacket& setup, std::span<std::byte> data,
                                          Instant now) = 0;
  virtual void set_interface(std::uint8_t interface, std::uint8_t alternate, Instant now) {
    static_cast<void>(interface), static_cast<void>(alternate), static_cast<void>(now);
  }
  virtual void clear_halt(EndpointAddress endpoint) { static_cast<void>(endpoint); }

  // The first packet of a stream comes in `interval`. A stream ends when its last URB is unlinked
  // or the alternate setting changes.
  virtual void iso_start(EndpointAddress endpoint, ServiceInterval interval) {
    static_cast<void>(endpoint), static_cast<void>(interval);
  }
  virtual void iso_stop(EndpointAddress endpoint) { static_cast<void>(endpoint); }
  [[nodiscard]] virtual std::size_t iso_in(EndpointAddress endpoint, std::span<std::byte> room,
                                           ServiceInterval interval) {
    static_cast<void>(endpoint), static_cast<void>(room), static_cast<void>(interval);
    return 0;
  }
  virtual void iso_out(EndpointAddress endpoint, std::span<const std::byte> packet,
                       ServiceInterval interval) {
    static_cast<void>(endpoint), static_cast<void>(packet), static_cast<void>(interval);
  }
  // The stream runs and nobody had queued a packet for this interval.
  virtual void iso_starved(EndpointAddress endpoint, ServiceInterval interval) {
    static_cast<void>(endpoint), static_cast<void>(interval);
  }

  // One transaction; `room` is wMaxPacketSize.
  [[nodiscard]] virtual Handshake data_in(EndpointAddress endpoint, std::span<std::byte> room,
                                          Instant now) {
    static_cast<void>(endpoint), static_cast<void>(room), static_cast<void>(now);
    return Handshake::nak();
  }
  [[nodiscard]] virtual Handshake data_out(EndpointAddress endpoint,
                                           std::span<const std::byte> packet, Instant now) {
    static_cast<void>(endpoint), static_cast<void>(packet), static_cast<void>(now);
    return Handshake::nak();
  }
  // When an endpoint that said NAK may say something else; kNever: only after other traffic.
  [[nodiscard]] virtual Instant ready_at(EndpointAddress endpoint) const {
    static_cast<void>(endpoint);
    return kNever;
  }

  // A JSON object of what the device saw, and the same in one line for people.
  [[nodiscard]] virtual std::string statistics() const = 0;
  [[nodiscard]] virtual std::string summary() const = 0;
};

}  // namespace usbgw::device::software

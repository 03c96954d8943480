// A small host for tests: submits URBs to a SoftwareBus under virtual time, the way a driver does.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "usbside/device/software/software_bus.h"

namespace usbgw::device::software {

struct HostUrb {
  std::vector<std::byte> data;
  BusUrb urb;
};

inline std::unique_ptr<HostUrb> make_urb(EndpointAddress endpoint, std::size_t bytes) {
  auto urb = std::make_unique<HostUrb>();
  urb->data.resize(bytes);
  urb->urb.endpoint = endpoint;
  urb->urb.data = urb->data;
  return urb;
}

inline std::unique_ptr<HostUrb> make_iso(EndpointAddress endpoint, std::size_t packets,
                                         std::uint32_t bytes) {
  auto urb = make_urb(endpoint, packets * bytes);
  for (std::size_t i = 0; i < packets; ++i) {
    urb->urb.packets.push_back({static_cast<std::uint32_t>(i) * bytes, bytes, 0, UrbStatus::ok});
  }
  return urb;
}

class BusHost {
 public:
  explicit BusHost(Function& function, double bus_ppm = 0) : bus(function, {bus_ppm, Instant{}}) {
    EXPECT_EQ(bus.set_configuration(1, now), UrbStatus::ok);
  }

  UrbStatus control(const SetupPacket& setup, std::vector<std::byte>& data) {
    BusUrb urb;
    urb.setup = setup;
    urb.data = data;
    bus.advance(now);
    bus.submit(urb, now);
    EXPECT_EQ(bus.next_completed(), &urb);
    if (setup.is_in()) data.resize(urb.actual);
    return urb.status;
  }

  void submit(BusUrb& urb) {
    bus.advance(now);
    bus.submit(urb, now);
    bus.advance(now);
  }

  // Runs to `end`, calling `completed` for each URB at its deadline.
  void run_until(Instant end, const std::function<void(BusUrb&)>& completed) {
    for (;;) {
      while (BusUrb* urb = bus.next_completed()) {
        completed(*urb);
        bus.advance(now);
      }
      const Instant next = bus.next_deadline();
      if (next > end) break;
      ASSERT_GE(next, now);
      now = next;
      bus.advance(now);
    }
    now = end;
    bus.advance(now);
  }
  // One bulk or interrupt transfer, waiting at most `patience`. Nothing: it is still pending.
  BusUrb* transfer(HostUrb& urb, Duration patience) {
    BusUrb* done = nullptr;
    submit(urb.urb);
    const Instant end = now + patience;
    while (done == nullptr) {
      done = bus.next_completed();
      if (done != nullptr) break;
      const Instant next = bus.next_deadline();
      if (next > end) {
        now = end;
        return nullptr;
      }
      now = std::max(now, next);
      bus.advance(now);
    }
    EXPECT_EQ(done, &urb.urb);
    return done;
  }

  Instant now{};
  SoftwareBus bus;
};

inline constexpr Instant at(Duration since) {
  return Instant{} + since;
}

}  // namespace usbgw::device::software

// One attachment under virtual time: a fake vhci with a simple model of snd-usb-audio's queues, a
// fake agent whose bodies and clock reports arrive when the test says.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "tests/usbside/host/fake_agent.h"
#include "tests/usbside/host/fake_vhci.h"

namespace usbgw::host::test {

inline constexpr SetupPacket kSelectAudioOut{0x01, 11, 1, 1, 0};
inline constexpr SetupPacket kSelectAudioIn{0x01, 11, 1, 2, 0};
inline constexpr SetupPacket kSelectVideoIn{0x01, 11, 1, 6, 0};
inline constexpr SetupPacket kSelectAudioInOfAnyRate{0x01, 11, 2, 2, 0};
inline constexpr SetupPacket kDeselectAudioIn{0x01, 11, 0, 2, 0};

// A driver's queue on one isochronous endpoint: `urbs` of `packets`, each resubmitted on
// completion.
struct DriverQueue {
  EndpointAddress endpoint;
  std::size_t urbs = 0;
  std::size_t packets = 0;
  std::uint32_t packet_bytes = 0;  // IN: room; OUT: sent
  Duration resubmit_after{};       // OUT or IN: how late the driver is
  bool is_running = true;

  struct Completion {
    Instant at;
    Instant submitted;
    UrbStatus status;
    std::vector<std::byte> data;
    std::vector<wire::usbip::IsoDescriptor> packets;
  };
  std::vector<Completion> completions;
  std::map<std::uint32_t, Instant> outstanding;  // seqnum -> when submitted
  std::int64_t next_frame = 0;                   // OUT: counts samples
};

class Rig {
 public:
  explicit Rig(Speed speed, PlayoutConfig playout = {});

  // Runs a control request through; the agent answers at once. `answer`: of an IN request.
  void control(const SetupPacket& setup, std::vector<std::byte> answer = {});
  void start(DriverQueue& queue);
  // Unlinks all URBs of a queue, as a driver that stops does.
  void stop(DriverQueue& queue);
  void at(Instant when, std::function<void()> action) { events_.emplace(when, std::move(action)); }
  void deliver(Instant when, EndpointAddress endpoint, StreamEpoch epoch,
               std::vector<std::byte> body, Provenance provenance = Provenance::direct);
  void deliver_report(Instant when, EndpointAddress endpoint, StreamEpoch epoch,
                      const wire::ClockReport& report);
  void run_until(Instant end);
  // One instant: turns until nothing happens.
  void settle();

  [[nodiscard]] StreamStatus stream_status(EndpointAddress endpoint) const;

  Instant now{std::chrono::seconds(1000)};
  FakeVhci vhci;
  FakeAgent agent;
  HostAttachment attachment;
  std::vector<Answer> other_answers;  // not of a driver queue
  Duration wake_up_late{};            // added to every deadline that the runner serves

 private:
  void submit(DriverQueue& queue);
  void react();

  std::multimap<Instant, std::function<void()>> events_;
  std::vector<DriverQueue*> queues_;
};

}  // namespace usbgw::host::test

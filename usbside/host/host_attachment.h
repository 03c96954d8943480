// The host's side of one attachment: speaks USB/IP to vhci, keeps the URB ledger, plays isochronous
// streams out at a constant delay, paces OUT on the device's recovered clock, decides unlinks.
// Sans-IO; the USB worker owns it. Whatever the network does, no isochronous URB stays unanswered
// for more than 50 ms.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/path_estimate.h"
#include "common/stream_link.h"
#include "common/timeline.h"
#include "usbside/host/attachment_status.h"
#include "usbside/host/vhci_socket.h"
#include "wire/stream_request.h"
#include "wire/urb_message.h"

namespace usbgw::host {

// What the host must know of the device to drive its streams; from the agent's Attached message.
struct RemoteDevice {
  AttachmentId attachment;
  std::string name;  // for people: "1209:a102 serial 0001 on stage-box"
  Speed speed = Speed::full;
  std::vector<std::byte> device_descriptor;
  std::vector<std::vector<std::byte>> configuration_descriptors;
  std::uint8_t active_configuration = 0;
};

enum class PlayoutMode : std::uint8_t { adaptive, fixed };

// Who chose `playout`.
enum class PlayoutOrigin : std::uint8_t { by_default, attachment, exported };

struct PlayoutConfig {
  PlayoutMode mode = PlayoutMode::adaptive;
  Duration playout = std::chrono::microseconds(500);  // D, or the least where adaptive starts
  Duration playout_max = std::chrono::milliseconds(50);
  // Intervals that an IN stream's window holds, behind what is due and ahead of it; D stays where
  // they suffice. 0: as playout_max needs.
  std::size_t buffer_count = 0;
  // Largest IP packet that carries the device's isochronous data, each way; 0: the path's. Kept by
  // who sends (node/).
  std::size_t packet_bytes = 0;
  PlayoutOrigin origin = PlayoutOrigin::by_default;
};

// Where an attachment's requests go. Called on the USB worker; nothing here blocks or re-enters.
class HostAttachmentSink {
 public:
  virtual ~HostAttachmentSink() = default;
  virtual void submit(wire::UrbSubmit&& urb) = 0;
  virtual void cancel(const wire::UrbCancel& cancel) = 0;
  virtual void open_stream(const wire::StreamOpen& open) = 0;
  virtual void close_stream(const wire::StreamClose& close) = 0;
  virtual void reports_taken(const wire::StreamTaken& taken) = 0;
  virtual void margin_moved(const wire::StreamMargin& margin) = 0;
  // The outbound link of the session (OUT streams); the attachment claims, publishes and retires.
  virtual StreamLink& outbound() = 0;
  // Largest source symbol that fits the path now.
  [[nodiscard]] virtual std::size_t source_bytes() const = 0;
};

class HostAttachment {
 public:
  HostAttachment(RemoteDevice device, const PlayoutConfig& config, VhciSocket& socket,
                 HostAttachmentSink& sink);
  ~HostAttachment();

  // Reads vhci, answers what is due. Returns the work done.
  std::size_t turn(Instant now);
  [[nodiscard]] Instant next_deadline() const;

  // From the control channel.
  void receive(wire::UrbReply&& reply, Instant now);
  void stream_opened(const wire::StreamOpened& opened, Instant now);
  // From the session; `body` is valid during the call only.
  void receive(const StreamItem& item, std::span<const std::byte> body, Instant now);
  void set_path(const PathEstimate& path);
  // The peer is dead or the device is gone: the host now decides alone; everything pending is
  // answered.
  void peer_lost(Instant now);

  [[nodiscard]] bool is_closed() const;  // vhci closed its end
  [[nodiscard]] bool has_live_streams() const;
  // A copy for `status`; called rarely.
  [[nodiscard]] AttachmentStatus status() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace usbgw::host

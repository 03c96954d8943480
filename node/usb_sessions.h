// What the USB loop of either role keeps for each session: its links, and the attachments that run
// over it. An attachment has an `id`, and an `attachment` that receives the session's items.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "node/session_links.h"

namespace usbgw::node {

// Of one loop's turn; more waits for the next, so that timers stay punctual.
inline constexpr std::size_t kUsbItemsPerTurn = 256;
inline constexpr std::size_t kUsbCommandsPerTurn = 64;

template <class Attachment>
struct UsbSession {
  SessionHandle handle;
  std::shared_ptr<SessionLinks> links;
  std::vector<std::unique_ptr<Attachment>> attachments;

  // Hands what the packet worker has opened to the attachments; returns the number of items.
  std::size_t deliver(Instant now) {
    std::size_t work = 0;
    StreamItem item;
    while (work < kUsbItemsPerTurn && links->inbound.pop(item)) {
      ++work;
      const AttachmentId id = attachment_of(item.stream);
      for (const auto& each : attachments) {
        if (each->id == id) each->attachment.receive(item, links->inbound.bytes(item), now);
      }
      links->inbound.release(item);
    }
    return work;
  }
};

template <class Attachment>
class UsbSessions {
 public:
  using Session = UsbSession<Attachment>;

  void add(SessionHandle handle, std::shared_ptr<SessionLinks> links) {
    all_.push_back(std::make_unique<Session>(Session{handle, std::move(links), {}}));
  }
  void remove(SessionHandle handle) {
    std::erase_if(all_, [&](const auto& session) { return session->handle == handle; });
  }
  [[nodiscard]] Session* find(SessionHandle handle) {
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const auto& session) { return session->handle == handle; });
    return found == all_.end() ? nullptr : found->get();
  }
  [[nodiscard]] Attachment* find(SessionHandle handle, AttachmentId id) {
    Session* const session = find(handle);
    if (session == nullptr) return nullptr;
    const auto& all = session->attachments;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each->id == id; });
    return found == all.end() ? nullptr : found->get();
  }
  [[nodiscard]] auto begin() const { return all_.begin(); }
  [[nodiscard]] auto end() const { return all_.end(); }

 private:
  std::vector<std::unique_ptr<Session>> all_;
};

}  // namespace usbgw::node

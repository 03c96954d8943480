// The streams of one attachment, by endpoint address. A stream whose alternate setting is gone
// stays for `status` until the next URB on its endpoint makes a new one, with the next epoch.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "usbside/host/endpoint_stream.h"

namespace usbgw::host {

class StreamTable final : public StreamGroup {
 public:
  explicit StreamTable(const StreamContext& context) : context_(context) { context_.group = this; }
  StreamTable(const StreamTable&) = delete;  // its streams have its address
  StreamTable& operator=(const StreamTable&) = delete;

  // The live stream of this endpoint; made for this URB if there is none.
  [[nodiscard]] EndpointStream& obtain(const EndpointInfo& info, const Urb& urb);
  // Null when there is no live one.
  [[nodiscard]] EndpointStream* find(EndpointAddress endpoint);

  // Closes what belongs to an interface (or everything) and ends its URBs.
  void retire_interface(std::uint8_t interface, UrbStatus status);
  void retire_all(UrbStatus status);
  // The same without a word to the agent, which is gone.
  void abandon_all(UrbStatus status);

  std::size_t turn(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  void path_changed(Instant now);
  [[nodiscard]] bool has_live() const;
  [[nodiscard]] std::optional<Instant> capture_begin(Instant now) const override;
  void add_status(AttachmentStatus& status) const;

 private:
  [[nodiscard]] static std::size_t position(EndpointAddress endpoint) {
    return endpoint.number() + (endpoint.is_in() ? 16u : 0u);
  }
  // In the order of positions. A stream that is retired meanwhile is still visited.
  template <class Visit>
  void visit_live(Visit visit) const {
    for (std::uint32_t left = live_; left != 0; left &= left - 1)
      visit(*streams_[static_cast<std::size_t>(std::countr_zero(left))]);
  }
  [[nodiscard]] static std::uint32_t bit(std::size_t position) {
    return std::uint32_t{1} << position;
  }
  void retire(const EndpointStream& stream) { live_ &= ~bit(position(stream.info().address)); }
  [[nodiscard]] std::unique_ptr<EndpointStream> make(const EndpointInfo& info, const Urb& urb,
                                                     StreamEpoch before) const;

  StreamContext context_;
  std::array<std::unique_ptr<EndpointStream>, 32> streams_;  // retired ones too
  std::uint32_t live_ = 0;                                   // a bit for each position
};

}  // namespace usbgw::host

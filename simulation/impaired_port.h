// A real port behind a worse path: what it receives is held back, lost, doubled or altered as the
// impairment says.
#pragma once

#include <algorithm>

#include "dataplane/session/datagram_port.h"
#include "simulation/delay_queue.h"
#include "simulation/impairment.h"

namespace usbgw::simulation {

class ImpairedPort final : public session::DatagramPort {
 public:
  // `inner` outlives this port; the impairment acts on what arrives.
  ImpairedPort(session::DatagramPort& inner, const ImpairmentProfile& profile, std::uint64_t seed)
      : inner_(inner), impairment_(profile, seed) {}

  [[nodiscard]] std::size_t receive(std::span<session::ReceivedDatagram> burst,
                                    Instant now) override;
  void release() override { arriving_.release(); }
  [[nodiscard]] std::span<std::byte> reserve(const UdpEndpoint& to, Instant now) override {
    return inner_.reserve(to, now);
  }
  void commit(std::size_t bytes, qos::TrafficClass traffic_class) override {
    inner_.commit(bytes, traffic_class);
  }
  void abandon() override { inner_.abandon(); }
  std::size_t flush(Instant now) override { return inner_.flush(now); }
  [[nodiscard]] std::size_t max_payload(const UdpEndpoint& to) const override {
    return inner_.max_payload(to);
  }
  [[nodiscard]] std::size_t counters(std::span<std::uint64_t> values) const override {
    return inner_.counters(values);
  }
  [[nodiscard]] std::string_view counter_name(std::size_t index) const override {
    return inner_.counter_name(index);
  }
  [[nodiscard]] UdpEndpoint local() const override { return inner_.local(); }
  [[nodiscard]] Instant next_deadline() const override {
    return std::min(inner_.next_deadline(), arriving_.next_arrival());
  }
  [[nodiscard]] std::optional<int> descriptor() const override { return inner_.descriptor(); }
  void on_ready() override { inner_.on_ready(); }
  [[nodiscard]] bool must_poll() const override { return inner_.must_poll(); }
  [[nodiscard]] const Impairment& impairment() const { return impairment_; }

 private:
  session::DatagramPort& inner_;
  Impairment impairment_;
  DelayQueue arriving_;
};

}  // namespace usbgw::simulation

// Joins a host role to an agent role through memory channels: the stand-in for TCP, TLS and their
// names.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "node/agent_control.h"
#include "node/host_control.h"
#include "simulation/memory_channel.h"

namespace usbgw::simulation {

class MemorySwitch final : public node::ChannelMaker, public node::ChannelAcceptor {
 public:
  MemorySwitch(std::string agent, std::string host, Duration delay, std::uint64_t seed)
      : agent_(std::move(agent)), host_(std::move(host)), delay_(delay), seed_(seed) {}

  [[nodiscard]] Result<std::unique_ptr<control::ReliableChannel>> connect(const std::string& peer,
                                                                          Instant) override {
    if (peer != agent_) return fail(ErrorCode::not_found, "no peer is called \"" + peer + "\"");
    auto [ours, theirs] = MemoryChannel::make_pair(host_, agent_, delay_, seed_ + ++connections_);
    waiting_.push_back(std::move(theirs));
    return std::unique_ptr<control::ReliableChannel>(std::move(ours));
  }
  std::size_t turn(Instant) override { return 0; }
  [[nodiscard]] Instant next_deadline() const override {
    return waiting_.empty() ? kNever : Instant{};
  }
  [[nodiscard]] std::unique_ptr<control::ReliableChannel> accept(Instant) override {
    if (waiting_.empty()) return nullptr;
    auto channel = std::move(waiting_.front());
    waiting_.pop_front();
    return channel;
  }

 private:
  std::string agent_;
  std::string host_;
  Duration delay_;
  std::uint64_t seed_;
  std::uint64_t connections_ = 0;
  std::deque<std::unique_ptr<MemoryChannel>> waiting_;
};

}  // namespace usbgw::simulation

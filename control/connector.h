// Keeps trying to reach one peer until a channel to it is open: attempt, wait, attempt again. After
// take() it rests until restart(). The control thread owns it.
#pragma once

#include <memory>
#include <string>

#include "common/loop.h"
#include "control/backoff.h"
#include "control/tls_channel.h"
#include "crypto/tls.h"

namespace usbgw::control {

struct ConnectorConfig {
  SocketAddress remote;
  IpAddress local;            // to connect from; unspecified: the kernel chooses
  std::string expected_peer;  // the certificate's name; empty: any that our authority signed
  SocketOptions socket;
  ChannelConfig channel;
  Duration backoff_floor = std::chrono::milliseconds(500);
  Duration backoff_ceiling = std::chrono::seconds(10);
  std::uint64_t seed = 1;
};

class Connector final : public Loop {
 public:
  // The context outlives the connector and its channels. The first attempt is due at once.
  Connector(const crypto::TlsContext& context, ConnectorConfig config);

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;

  // The open channel, once; from then on the caller turns it.
  [[nodiscard]] std::unique_ptr<TlsChannel> take();
  // The channel that was taken has closed. A connection that lived shorter than the ceiling counts
  // as a failed attempt.
  void restart(Instant now);

  [[nodiscard]] bool is_trying() const { return state_ == State::trying; }
  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }
  // Why the last attempt failed; empty before the first failure.
  [[nodiscard]] const std::string& last_failure() const { return last_failure_; }

 private:
  enum class State : std::uint8_t { waiting, trying, open, taken };

  void attempt(Instant now);
  void wait(Instant now, std::string why);

  const crypto::TlsContext& context_;
  ConnectorConfig config_;
  Backoff backoff_;
  State state_ = State::waiting;
  Instant next_attempt_{};  // due at once, whatever the clock
  Instant opened_{};
  std::unique_ptr<TlsChannel> channel_;
  std::uint64_t attempts_ = 0;
  std::string last_failure_;
};

}  // namespace usbgw::control

// Accepts connections and sees them through the handshake; hands out those that are open. Strangers
// cost a bounded number of half-open channels, the oldest of which gives way; what nobody takes, or
// what the process has no descriptors for, waits in the kernel. The control thread owns it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/loop.h"
#include "control/tls_channel.h"
#include "crypto/tls.h"

namespace usbgw::control {

struct ListenerConfig {
  SocketAddress local;  // port 0: any
  SocketOptions socket;
  ChannelConfig channel;
  std::size_t half_open = 32;
  // No more are accepted while as many are open and not taken. Those that were half open then may
  // still come on top.
  std::size_t untaken = 8;
};

class TlsListener final : public Loop {
 public:
  // The context outlives the listener and its channels.
  [[nodiscard]] static Result<std::unique_ptr<TlsListener>> open(const crypto::TlsContext& context,
                                                                 const ListenerConfig& config);

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;

  // The next open channel; from then on the caller turns it.
  [[nodiscard]] std::unique_ptr<TlsChannel> take();
  // Why a connection came to nothing, one line each, oldest first; the last few are kept.
  [[nodiscard]] std::optional<std::string> take_refusal();
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }
  [[nodiscard]] const SocketAddress& local() const { return local_; }

 private:
  TlsListener(const crypto::TlsContext& context, const ListenerConfig& config,
              FileDescriptor socket, const SocketAddress& local);
  [[nodiscard]] bool may_accept() const;
  std::size_t accept_waiting(Instant now);
  void admit(Accepted&& accepted, Instant now);
  void sort_out();
  void note_refusal(std::string why);

  const crypto::TlsContext& context_;
  ListenerConfig config_;
  FileDescriptor socket_;
  SocketAddress local_;
  std::vector<std::unique_ptr<TlsChannel>> half_open_;  // oldest first
  std::vector<std::unique_ptr<TlsChannel>> ending_;     // refused, saying their last words
  std::deque<std::unique_ptr<TlsChannel>> open_;
  std::optional<Instant> accept_again_;  // after a failure
  bool accept_failed_ = false;           // so did the last one: said once
  std::deque<std::string> reasons_;
  std::uint64_t refusals_ = 0;
};

}  // namespace usbgw::control

#include "app/channels.h"

#include "app/credentials.h"
#include "app/name_resolver.h"
#include "control/tls_channel.h"
#include "control/tls_listener.h"

namespace usbgw::app {
namespace {

control::SocketOptions socket_options(const config::Document& document) {
  control::SocketOptions options;
  options.dscp = *document.control.dscp;
  options.pacing_bytes_per_second = *document.control.pacing;
  return options;
}

class TlsAcceptor final : public node::ChannelAcceptor {
 public:
  TlsAcceptor(std::unique_ptr<control::TlsListener> listener, Log& log)
      : listener_(std::move(listener)), log_(log) {}
  std::size_t turn(Instant now) override {
    const std::size_t work = listener_->turn(now);
    while (const auto refusal = listener_->take_refusal())
      log_.warning("connection refused: " + *refusal);
    return work;
  }
  [[nodiscard]] Instant next_deadline() const override { return listener_->next_deadline(); }
  void append_descriptors(std::vector<int>& readable) const override {
    listener_->append_descriptors(readable);
  }
  void append_writable(std::vector<int>& writable) const override {
    listener_->append_writable(writable);
  }
  [[nodiscard]] std::unique_ptr<control::ReliableChannel> accept(Instant) override {
    return listener_->take();
  }

 private:
  std::unique_ptr<control::TlsListener> listener_;
  Log& log_;
};

class TlsFactory final : public ChannelFactory {
 public:
  TlsFactory(crypto::TlsContext context, const config::Document& document, Log& log)
      : context_(std::move(context)),
        log_(log),
        peers_(document.peers),
        options_(socket_options(document)),
        checks_names_(document.security.has_certificate()) {
    // Most lookups have ended by the first connection.
    for (const config::PeerEntry& entry : peers_)
      static_cast<void>(names_.resolve(entry.control->host));
  }

  [[nodiscard]] Result<std::unique_ptr<control::ReliableChannel>> connect(const std::string& peer,
                                                                          Instant now) override {
    for (const config::PeerEntry& entry : peers_) {
      if (*entry.name == peer) return connect(entry, now);
    }
    return fail(ErrorCode::not_found, "no peer is called \"" + peer + "\"");
  }

  [[nodiscard]] Result<node::ChannelAcceptor*> listen(const config::Document& document) override {
    const config::HostPort& at = *document.control.listen;
    const auto local = look_up(at.host);  // before the workers: nobody waits for it
    if (!local) return tl::unexpected(local.error());
    control::ListenerConfig config;
    config.local = {*local, at.port};
    config.socket = options_;
    auto listener = control::TlsListener::open(context_, config);
    if (!listener) return tl::unexpected(listener.error());
    acceptor_ = std::make_unique<TlsAcceptor>(std::move(*listener), log_);
    return static_cast<node::ChannelAcceptor*>(acceptor_.get());
  }

 private:
  [[nodiscard]] Result<std::unique_ptr<control::ReliableChannel>> connect(
      const config::PeerEntry& entry, Instant now) {
    const auto address = names_.resolve(entry.control->host);
    if (!address) return tl::unexpected(address.error());
    const control::SocketAddress remote{*address, entry.control->port};
    auto socket = control::connect_tcp(remote, IpAddress{}, options_);
    if (!socket) return tl::unexpected(socket.error());
    // With pre-shared keys the identity names the key, not the node.
    auto tls = context_.connect(checks_names_ ? *entry.name : std::string(), remote.to_string());
    return std::unique_ptr<control::ReliableChannel>(std::make_unique<control::TlsChannel>(
        std::move(*socket), control::SocketProgress::connecting, remote, std::move(tls),
        control::ChannelConfig{}, now));
  }

  crypto::TlsContext context_;
  Log& log_;
  std::vector<config::PeerEntry> peers_;
  control::SocketOptions options_;
  bool checks_names_;
  NameResolver names_;
  std::unique_ptr<TlsAcceptor> acceptor_;
};

}  // namespace

Result<std::unique_ptr<ChannelFactory>> ChannelFactory::make(const config::Document& document,
                                                             Log& log) {
  auto context = load_credentials(document);
  if (!context) return tl::unexpected(context.error());
  return std::unique_ptr<ChannelFactory>(
      std::make_unique<TlsFactory>(std::move(*context), document, log));
}

}  // namespace usbgw::app

// A ReliableChannel over one non-blocking stream socket and TLS 1.3 (layout: control/frame.h).
// The control thread owns it. Open means that both ends have accepted each other. A peer that says
// nothing for `dead_after` is dead; FIN and RST count at once. After close() the socket lives on
// for at most `linger`, so that the last words reach the peer instead of a reset.
#pragma once

#include <deque>
#include <memory>

#include "control/frame_assembler.h"
#include "control/frame_sender.h"
#include "control/reliable_channel.h"
#include "control/socket.h"
#include "crypto/tls.h"

namespace usbgw::control {

struct ChannelConfig {
  Duration heartbeat = std::chrono::seconds(5);
  Duration dead_after = std::chrono::seconds(15);
  Duration handshake_timeout = std::chrono::seconds(10);  // TCP, TLS and the peer's ready
  Duration linger = std::chrono::seconds(2);
  SendLimits send_limits;
  // Received and not yet taken; beyond it the socket is not read, which holds the peer back.
  std::size_t receive_bytes = std::size_t{4} << 20;
  std::size_t receive_messages = 4096;
};

enum class SocketProgress : std::uint8_t { connecting, connected };

class TlsChannel final : public ReliableChannel {
 public:
  TlsChannel(FileDescriptor socket, SocketProgress progress, const SocketAddress& remote,
             std::unique_ptr<crypto::TlsConnection> tls, const ChannelConfig& config, Instant now);
  ~TlsChannel() override;

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;
  void append_descriptors(std::vector<int>& readable) const override;
  void append_writable(std::vector<int>& writable) const override;

  [[nodiscard]] bool send(MessageClass message_class, Message&& message) override;
  [[nodiscard]] std::optional<Message> receive() override;
  [[nodiscard]] ChannelState state() const override;
  [[nodiscard]] const std::string& close_reason() const override { return close_reason_; }
  [[nodiscard]] const std::string& peer() const override { return peer_; }
  [[nodiscard]] Result<void> export_secret(std::string_view label,
                                           std::span<std::byte, 32> secret) override;
  void close(std::string reason) override;

  [[nodiscard]] const SocketAddress& remote() const { return remote_; }
  // The socket is gone; nothing more to do in turn().
  [[nodiscard]] bool is_finished() const { return phase_ == Phase::finished; }

 private:
  enum class Phase : std::uint8_t { connecting, handshake, open, draining, finished };

  std::size_t check_connected();
  std::size_t read_socket();
  [[nodiscard]] bool read_once();
  void take_ciphertext(std::span<const std::byte> bytes);
  void take_plaintext();
  void handle(Arrival&& arrival);
  void handle(const Notice& notice);
  void check_tls();
  void check_timers();
  std::size_t write_socket();
  [[nodiscard]] bool flush_output();
  [[nodiscard]] bool refill_output();
  [[nodiscard]] bool say_goodbye();
  void write_failed(int error);
  [[nodiscard]] bool has_output() const;
  [[nodiscard]] bool is_inbox_full() const;
  [[nodiscard]] std::string label() const;
  void finish(std::string reason);       // now; nothing more is said
  void begin_drain(std::string reason);  // our last words first

  FileDescriptor socket_;
  SocketAddress remote_;
  std::unique_ptr<crypto::TlsConnection> tls_;
  ChannelConfig config_;
  Phase phase_;
  std::string peer_;
  std::string close_reason_;
  bool said_ready_ = false;
  bool said_goodbye_ = false;
  bool write_ended_ = false;

  FrameSender sender_;
  FrameAssembler assembler_;
  std::vector<Arrival> arrivals_;
  std::deque<Message> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::vector<std::byte> output_;  // ciphertext that the socket has not taken
  std::size_t output_sent_ = 0;

  Instant now_;  // of the last turn
  Instant handshake_deadline_;
  Instant last_heard_;
  Instant next_heartbeat_;
  Instant drain_deadline_ = kNever;
};

}  // namespace usbgw::control

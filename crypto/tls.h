// TLS 1.3 as a sans-IO transform: ciphertext in, ciphertext out, whoever owns the socket moves it.
// Both ends authenticate: certificates of one small authority, or an external pre-shared key with
// (EC)DHE. A context is made once and shared by its connections, which must not outlive it. The
// control thread owns all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "crypto/preshared_key.h"

namespace usbgw::crypto {

// Largest plaintext of one TLS record (RFC 8446, 5.1).
inline constexpr std::size_t kMaxRecordBytes = 16384;

struct CertificateFiles {
  std::string certificate;  // PEM; its subjectAltName (else common name) is the node's name
  std::string key;          // PEM; must not be accessible to others
  std::string authority;    // PEM; the only certificates that sign a peer's
};

enum class TlsState : std::uint8_t {
  handshake,
  open,      // our side has verified the peer; the peer may still refuse us
  finished,  // the peer closed in order
  failed,    // failure() says why; output() may hold a last alert
};

class TlsConnection {
 public:
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  // Bytes from the transport; advances the handshake.
  void receive(std::span<const std::byte> ciphertext);
  // Decrypted bytes, up to to.size(); 0: none now.
  [[nodiscard]] std::size_t read(std::span<std::byte> to);
  // Encrypts all of `plain`; only while open, and false when that failed.
  [[nodiscard]] bool write(std::span<const std::byte> plain);
  // Moves waiting ciphertext out, up to to.size().
  [[nodiscard]] std::size_t take_output(std::span<std::byte> to);
  // Says goodbye (close_notify); what take_output() then gives should still be sent.
  void finish();

  [[nodiscard]] TlsState state() const;
  // One line that names the peer by its label.
  [[nodiscard]] const std::string& failure() const;
  // The peer's certificate name or the identity of the pre-shared key; from open on.
  [[nodiscard]] const std::string& peer_name() const;
  // RFC 8446, 7.5, without a context value; only while open.
  [[nodiscard]] Result<void> export_secret(std::string_view label, std::span<std::byte, 32> secret);

  struct Implementation;  // crypto/tls_internal.h

 private:
  friend class TlsContext;
  explicit TlsConnection(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

class TlsContext {
 public:
  [[nodiscard]] static Result<TlsContext> with_certificates(const CertificateFiles& files);
  // A server accepts every key of the file; a client offers the first.
  [[nodiscard]] static Result<TlsContext> with_preshared_keys(const std::string& file);
  ~TlsContext();
  TlsContext(TlsContext&&) noexcept;
  TlsContext& operator=(TlsContext&&) noexcept;

  // Client side. The peer's certificate must be for `expected_peer`; empty: any of the authority's.
  // `peer_label` is how failures name the peer, its address as a rule.
  [[nodiscard]] std::unique_ptr<TlsConnection> connect(std::string expected_peer,
                                                       std::string peer_label) const;
  [[nodiscard]] std::unique_ptr<TlsConnection> accept(std::string peer_label) const;
  // Our own certificate name, or the identity that a client offers.
  [[nodiscard]] const std::string& local_name() const;
  // Whether what we trust has signed our own certificate, as peers of the same authority will ask;
  // true with pre-shared keys. Not whether it has expired: a machine's clock may be wrong until a
  // network is there.
  [[nodiscard]] bool is_signed_by_authority() const;

  struct Implementation;  // crypto/tls_internal.h

 private:
  explicit TlsContext(std::unique_ptr<Implementation> implementation);
  [[nodiscard]] std::unique_ptr<TlsConnection> start(
      std::unique_ptr<TlsConnection::Implementation> connection) const;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace usbgw::crypto

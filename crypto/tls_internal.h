// What the TLS sources share. Only crypto/tls*.cpp includes it.
#pragma once

#include "crypto/openssl_handles.h"
#include "crypto/tls.h"

namespace usbgw::crypto {

struct TlsContext::Implementation {
  SslContextHandle context;
  std::string local_name;
  std::vector<PresharedKey> keys;  // empty: certificates
  [[nodiscard]] bool uses_keys() const { return !keys.empty(); }
};

struct TlsConnection::Implementation {
  const TlsContext::Implementation* context = nullptr;
  SslHandle ssl;
  bool is_client = false;
  std::string expected_peer;  // client with certificates only; empty: any
  std::string label;
  TlsState state = TlsState::handshake;
  std::string failure;
  std::string peer_name;
  std::uint64_t records_since_key_update = 0;

  void advance_handshake();
  void fail_with(std::string text);
  // Reads OpenSSL's view of what went wrong; text set by a callback wins.
  void fail_from_library();
};

// The connection that a callback of OpenSSL is about.
[[nodiscard]] TlsConnection::Implementation& connection_of(const SSL* ssl);

// crypto/tls_verify.cpp: callbacks that the context installs.
int verify_peer_certificate(int library_accepts, X509_STORE_CTX* store);
int offer_preshared_key(SSL* ssl, const EVP_MD* digest, const unsigned char** identity,
                        std::size_t* identity_bytes, SSL_SESSION** session);
int find_preshared_key(SSL* ssl, const unsigned char* identity, std::size_t identity_bytes,
                       SSL_SESSION** session);

// One line about the error at the front of OpenSSL's queue.
[[nodiscard]] std::string explain(const TlsConnection::Implementation& connection,
                                  unsigned long code);

}  // namespace usbgw::crypto

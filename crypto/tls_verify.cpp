// Who the peer is, and why not: OpenSSL's callbacks, and its errors in words.
#include <algorithm>

#include "crypto/certificate_name.h"
#include "crypto/tls_internal.h"

namespace usbgw::crypto {
namespace {

// TLS_AES_128_GCM_SHA256: names the PSK's hash (RFC 8446, 4.2.11), not the suite in use.
constexpr unsigned char kPskCipherSuite[] = {0x13, 0x01};

std::string quoted(std::string_view name) {
  return name.empty() ? "a certificate without a name" : "'" + std::string(name) + "'";
}

std::string expiry_of(const X509* certificate) {
  const BioHandle text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(text.get(), X509_get0_notAfter(certificate));
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string why_not_verified(const std::string& label, X509_STORE_CTX* store) {
  const X509* leaf = X509_STORE_CTX_get0_cert(store);
  const X509* culprit = X509_STORE_CTX_get_current_cert(store);
  const int error = X509_STORE_CTX_get_error(store);
  const std::string name = leaf != nullptr ? node_name(leaf) : std::string();
  const bool is_leaf = X509_STORE_CTX_get_error_depth(store) == 0 || culprit == nullptr;
  const std::string subject =
      (is_leaf ? "certificate of " : "authority behind the certificate of ") + label + " (" +
      quoted(name) + ") ";
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return subject + "expired on " + expiry_of(culprit);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return subject + "is not valid yet; are both clocks right?";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "certificate of " + label + " (" + quoted(name) + ") is not signed by our authority";
    default:
      return subject + "is refused: " + X509_verify_cert_error_string(error);
  }
}

// The chain is good; is it whom we meant?
bool accept_name(TlsConnection::Implementation& connection, const X509* certificate) {
  const std::string name = node_name(certificate);
  if (name.empty()) {
    connection.failure = "certificate of " + connection.label + " has no node name";
    return false;
  }
  if (!connection.expected_peer.empty() && name != connection.expected_peer) {
    connection.failure = "certificate of " + connection.label + " is for '" + name +
                         "', expected '" + connection.expected_peer + "'";
    return false;
  }
  connection.peer_name = name;
  return true;
}

SSL_SESSION* session_with(SSL* ssl, const PresharedKey& key) {
  SslSessionHandle session(SSL_SESSION_new());
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kPskCipherSuite);
  const bool ok = session && cipher != nullptr &&
                  SSL_SESSION_set1_master_key(
                      session.get(), reinterpret_cast<const unsigned char*>(key.key.data()),
                      key.key.size()) == 1 &&
                  SSL_SESSION_set_cipher(session.get(), cipher) == 1 &&
                  SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) == 1;
  return ok ? session.release() : nullptr;
}

// OpenSSL reports a received alert as this offset plus its number (ssl.h).
int received_alert(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  const bool is_alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
                        reason < SSL_AD_REASON_OFFSET + 256;
  return is_alert ? reason - SSL_AD_REASON_OFFSET : -1;
}

std::string explain_alert_to_keys(const TlsConnection::Implementation& connection, int alert) {
  const std::string key = "pre-shared key identity '" + connection.context->local_name + "'";
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
      return connection.label + " does not know " + key + ", or uses certificates";
    case SSL_AD_ILLEGAL_PARAMETER:
    case SSL_AD_DECRYPT_ERROR:
      return connection.label + " has another key for " + key;
    default:
      return {};
  }
}

std::string explain_alert_to_certificate(const TlsConnection::Implementation& connection,
                                         int alert) {
  const std::string ours = "our certificate ('" + connection.context->local_name + "')";
  switch (alert) {
    case SSL_AD_CERTIFICATE_EXPIRED:
      return connection.label + " refused " + ours + " as expired";
    case SSL_AD_UNKNOWN_CA:
      return connection.label + " refused " + ours + ": another authority signed it";
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_ACCESS_DENIED:
      return connection.label + " refused " + ours;
    case SSL_AD_HANDSHAKE_FAILURE:
      return connection.label + " does not authenticate with a certificate";
    default:
      return {};
  }
}

}  // namespace

TlsConnection::Implementation& connection_of(const SSL* ssl) {
  return *static_cast<TlsConnection::Implementation*>(SSL_get_ex_data(ssl, 0));
}

int verify_peer_certificate(int library_accepts, X509_STORE_CTX* store) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& connection = connection_of(ssl);
  if (connection.context->uses_keys()) {
    connection.failure =
        connection.label + " authenticates with a certificate, this side with a pre-shared key";
    return 0;
  }
  if (library_accepts != 1) {
    connection.failure = why_not_verified(connection.label, store);
    return 0;
  }
  if (X509_STORE_CTX_get_error_depth(store) != 0 ||
      accept_name(connection, X509_STORE_CTX_get_current_cert(store)))
    return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

int offer_preshared_key(SSL* ssl, const EVP_MD*, const unsigned char** identity,
                        std::size_t* identity_bytes, SSL_SESSION** session) {
  auto& connection = connection_of(ssl);
  const PresharedKey& key = connection.context->keys.front();
  *identity = reinterpret_cast<const unsigned char*>(key.identity.data());
  *identity_bytes = key.identity.size();
  *session = session_with(ssl, key);
  return *session != nullptr ? 1 : 0;
}

int find_preshared_key(SSL* ssl, const unsigned char* identity, std::size_t identity_bytes,
                       SSL_SESSION** session) {
  auto& connection = connection_of(ssl);
  const std::string_view wanted(reinterpret_cast<const char*>(identity), identity_bytes);
  const auto& keys = connection.context->keys;
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const PresharedKey& key) { return key.identity == wanted; });
  *session = nullptr;
  if (found == keys.end()) {
    connection.failure = "pre-shared key identity " +
                         (is_node_name(wanted) ? quoted(wanted) : std::string("of strange form")) +
                         " of " + connection.label + " is unknown";
    return 1;  // without a session the handshake fails for want of authentication
  }
  connection.peer_name = found->identity;
  *session = session_with(ssl, *found);
  return *session != nullptr ? 1 : 0;
}

std::string explain(const TlsConnection::Implementation& connection, unsigned long code) {
  const int alert = received_alert(code);
  if (alert >= 0) {
    std::string text = connection.context->uses_keys()
                           ? explain_alert_to_keys(connection, alert)
                           : explain_alert_to_certificate(connection, alert);
    return text.empty() ? connection.label + " ended TLS: " + openssl_reason(code) : text;
  }
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return "TLS with " + connection.label + " failed";
  switch (ERR_GET_REASON(code)) {
    case SSL_R_BINDER_DOES_NOT_VERIFY:
      return connection.label + " has another key for pre-shared key identity '" +
             connection.peer_name + "'";
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_CIPHER:
      return connection.label + " offers no authentication that we use";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return connection.label + " has no certificate";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_UNEXPECTED_MESSAGE:
      return connection.label + " does not speak TLS 1.3 here";
    default:
      return "TLS with " + connection.label + " failed: " + openssl_reason(code);
  }
}

}  // namespace usbgw::crypto

#include <algorithm>
#include <limits>

#include "common/assertion.h"
#include "crypto/tls_internal.h"

namespace usbgw::crypto {
namespace {

// AES-GCM keys are good for 2^24.5 full records (RFC 8446, 5.5); changed well before.
constexpr std::uint64_t kRecordsPerKey = std::uint64_t{1} << 22;

constexpr unsigned char kSessionContext[] = {'u', 's', 'b', 'g', 'w'};

int as_int(std::size_t bytes) {
  return static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
}

}  // namespace

void TlsConnection::Implementation::fail_with(std::string text) {
  state = TlsState::failed;
  if (failure.empty()) failure = std::move(text);
}

void TlsConnection::Implementation::fail_from_library() {
  fail_with(explain(*this, take_openssl_error()));
}

void TlsConnection::Implementation::advance_handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl.get());
  if (result != 1) {
    const int error = SSL_get_error(ssl.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) fail_from_library();
    return;
  }
  if (context->uses_keys()) {
    // Without it nobody was authenticated; OpenSSL would have failed before.
    if (SSL_session_reused(ssl.get()) != 1) return fail_with(label + " did not use our key");
    if (is_client) peer_name = context->local_name;
  }
  failure.clear();
  state = TlsState::open;
}

TlsConnection::TlsConnection(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
TlsConnection::~TlsConnection() = default;

std::unique_ptr<TlsConnection> TlsContext::connect(std::string expected_peer,
                                                   std::string peer_label) const {
  auto made = std::make_unique<TlsConnection::Implementation>();
  made->is_client = true;
  made->expected_peer = std::move(expected_peer);
  made->label = std::move(peer_label);
  return start(std::move(made));
}

std::unique_ptr<TlsConnection> TlsContext::accept(std::string peer_label) const {
  auto made = std::make_unique<TlsConnection::Implementation>();
  made->label = std::move(peer_label);
  return start(std::move(made));
}

std::unique_ptr<TlsConnection> TlsContext::start(
    std::unique_ptr<TlsConnection::Implementation> connection) const {
  connection->context = implementation_.get();
  connection->ssl.reset(SSL_new(implementation_->context.get()));
  USBGW_ASSERT(connection->ssl != nullptr);
  SSL* ssl = connection->ssl.get();
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  USBGW_ASSERT(in != nullptr && out != nullptr);
  BIO_set_mem_eof_return(in, -1);  // empty means "not yet", not the end
  SSL_set_bio(ssl, in, out);
  SSL_set_ex_data(ssl, 0, connection.get());
  if (connection->is_client) {
    SSL_set_connect_state(ssl);
  } else {
    // A server that verifies peers insists on one, for a pre-shared key's session too.
    SSL_set_session_id_context(ssl, kSessionContext, sizeof kSessionContext);
    SSL_set_accept_state(ssl);
  }
  connection->advance_handshake();
  return std::unique_ptr<TlsConnection>(new TlsConnection(std::move(connection)));
}

void TlsConnection::receive(std::span<const std::byte> ciphertext) {
  auto& connection = *implementation_;
  if (connection.state == TlsState::failed || ciphertext.empty()) return;
  BIO* in = SSL_get_rbio(connection.ssl.get());
  const int taken = BIO_write(in, ciphertext.data(), as_int(ciphertext.size()));
  USBGW_ASSERT(taken == as_int(ciphertext.size()));
  if (connection.state == TlsState::handshake) connection.advance_handshake();
}

std::size_t TlsConnection::read(std::span<std::byte> to) {
  auto& connection = *implementation_;
  if (connection.state != TlsState::open || to.empty()) return 0;
  ERR_clear_error();
  std::size_t bytes = 0;
  if (SSL_read_ex(connection.ssl.get(), to.data(), to.size(), &bytes) == 1) return bytes;
  const int error = SSL_get_error(connection.ssl.get(), 0);
  if (error == SSL_ERROR_ZERO_RETURN)
    connection.state = TlsState::finished;
  else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
    connection.fail_from_library();
  return 0;
}

bool TlsConnection::write(std::span<const std::byte> plain) {
  auto& connection = *implementation_;
  if (connection.state != TlsState::open) return false;
  if (plain.empty()) return true;
  connection.records_since_key_update += plain.size() / kMaxRecordBytes + 1;
  if (connection.records_since_key_update > kRecordsPerKey) {
    SSL_key_update(connection.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    connection.records_since_key_update = 0;
  }
  ERR_clear_error();
  std::size_t bytes = 0;
  // A memory BIO takes all of it.
  if (SSL_write_ex(connection.ssl.get(), plain.data(), plain.size(), &bytes) == 1 &&
      bytes == plain.size())
    return true;
  connection.fail_from_library();
  return false;
}

std::size_t TlsConnection::take_output(std::span<std::byte> to) {
  if (to.empty()) return 0;
  const int bytes =
      BIO_read(SSL_get_wbio(implementation_->ssl.get()), to.data(), as_int(to.size()));
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void TlsConnection::finish() {
  if (implementation_->state == TlsState::open) SSL_shutdown(implementation_->ssl.get());
  ERR_clear_error();
}

TlsState TlsConnection::state() const {
  return implementation_->state;
}
const std::string& TlsConnection::failure() const {
  return implementation_->failure;
}
const std::string& TlsConnection::peer_name() const {
  return implementation_->peer_name;
}

Result<void> TlsConnection::export_secret(std::string_view label, std::span<std::byte, 32> secret) {
  if (implementation_->state != TlsState::open)
    return fail(ErrorCode::disconnected, "TLS with " + implementation_->label + " is not open");
  const int ok = SSL_export_keying_material(
      implementation_->ssl.get(), reinterpret_cast<unsigned char*>(secret.data()), secret.size(),
      label.data(), label.size(), nullptr, 0, 0);
  if (ok == 1) return {};
  return fail(ErrorCode::io, "cannot export a secret: " + openssl_reason(take_openssl_error()));
}

}  // namespace usbgw::crypto

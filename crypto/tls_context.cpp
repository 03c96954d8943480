#include <openssl/pem.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "crypto/certificate_name.h"
#include "crypto/tls_internal.h"

namespace usbgw::crypto {
namespace {

constexpr std::streamsize kMaxFileBytes = 1 << 20;

// An external PSK is bound to one hash; all of these use SHA-256, and so does the PSK's session.
constexpr const char* kCipherSuites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";

tl::unexpected<Error> openssl_failure(const std::string& what) {
  return fail(ErrorCode::invalid_argument, what + ": " + openssl_reason(take_openssl_error()));
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, with_errno("cannot open " + path, errno));
  std::string text(static_cast<std::size_t>(kMaxFileBytes), '\0');
  file.read(text.data(), kMaxFileBytes);
  if (file.bad()) return fail(ErrorCode::io, "cannot read " + path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Result<std::string> read_private_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0)
    return fail(ErrorCode::invalid_argument,
                path + " holds a secret and is accessible to everyone; run: chmod 600 " + path);
  return read_file(path);
}

BioHandle reader(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// TLS 1.3 alone, no tickets or resumption: each connection authenticates and agrees new keys.
SslContextHandle new_context() {
  SslContextHandle context(SSL_CTX_new(TLS_method()));
  if (!context) return nullptr;
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  const bool ok = SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
                  SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
                  SSL_CTX_set_ciphersuites(context.get(), kCipherSuites) == 1 &&
                  SSL_CTX_set_num_tickets(context.get(), 0) == 1;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     verify_peer_certificate);
  return ok ? std::move(context) : nullptr;
}

Result<std::string> use_certificate(SSL_CTX* context, const std::string& path) {
  const auto pem = read_file(path);
  if (!pem) return tl::unexpected(pem.error());
  const CertificateHandle certificate(
      PEM_read_bio_X509(reader(*pem).get(), nullptr, nullptr, nullptr));
  if (!certificate || SSL_CTX_use_certificate(context, certificate.get()) != 1)
    return openssl_failure(path + " is not a PEM certificate that can be used");
  std::string name = node_name(certificate.get());
  if (name.empty())
    return fail(ErrorCode::invalid_argument, path + " has no node name in its subject");
  return name;
}

Result<void> use_key(SSL_CTX* context, const CertificateFiles& files) {
  const auto pem = read_private_file(files.key);
  if (!pem) return tl::unexpected(pem.error());
  const KeyHandle key(PEM_read_bio_PrivateKey(reader(*pem).get(), nullptr, nullptr, nullptr));
  if (!key) return openssl_failure(files.key + " is not a PEM private key");
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1)
    return {};
  ERR_clear_error();
  return fail(ErrorCode::invalid_argument,
              "the key in " + files.key + " does not fit the certificate in " + files.certificate);
}

Result<void> trust_authority(SSL_CTX* context, const std::string& path) {
  const auto pem = read_file(path);
  if (!pem) return tl::unexpected(pem.error());
  const BioHandle source = reader(*pem);
  std::size_t count = 0;
  for (;;) {
    const CertificateHandle authority(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
    if (!authority) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1)
      return openssl_failure(path + " cannot be trusted");
    ++count;
  }
  if (count == 0) return openssl_failure(path + " is not a PEM certificate");
  ERR_clear_error();  // the end of the file counts as an error
  return {};
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
TlsContext::~TlsContext() = default;
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;

Result<TlsContext> TlsContext::with_certificates(const CertificateFiles& files) {
  auto made = std::make_unique<Implementation>();
  made->context = new_context();
  if (!made->context) return openssl_failure("cannot set up TLS 1.3");
  auto name = use_certificate(made->context.get(), files.certificate);
  if (!name) return tl::unexpected(name.error());
  made->local_name = std::move(*name);
  if (auto used = use_key(made->context.get(), files); !used) return tl::unexpected(used.error());
  if (auto trusted = trust_authority(made->context.get(), files.authority); !trusted)
    return tl::unexpected(trusted.error());
  return TlsContext(std::move(made));
}

Result<TlsContext> TlsContext::with_preshared_keys(const std::string& file) {
  const auto text = read_private_file(file);
  if (!text) return tl::unexpected(text.error());
  auto keys = parse_preshared_keys(*text, file);
  if (!keys) return tl::unexpected(keys.error());
  auto made = std::make_unique<Implementation>();
  made->context = new_context();
  if (!made->context) return openssl_failure("cannot set up TLS 1.3");
  made->keys = std::move(*keys);
  made->local_name = made->keys.front().identity;
  SSL_CTX_set_psk_use_session_callback(made->context.get(), offer_preshared_key);
  SSL_CTX_set_psk_find_session_callback(made->context.get(), find_preshared_key);
  return TlsContext(std::move(made));
}

const std::string& TlsContext::local_name() const {
  return implementation_->local_name;
}

bool TlsContext::is_signed_by_authority() const {
  const SSL_CTX* context = implementation_->context.get();
  X509* own = SSL_CTX_get0_certificate(context);
  if (own == nullptr) return true;  // pre-shared keys have no authority
  const VerificationHandle verification(X509_STORE_CTX_new());
  if (!verification ||
      X509_STORE_CTX_init(verification.get(), SSL_CTX_get_cert_store(context), own, nullptr) != 1) {
    ERR_clear_error();
    return false;
  }
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(verification.get()),
                              X509_V_FLAG_NO_CHECK_TIME);
  const bool is_signed = X509_verify_cert(verification.get()) == 1;
  ERR_clear_error();
  return is_signed;
}

}  // namespace usbgw::crypto

#include "crypto/identity.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

#include "crypto/certificate_name.h"
#include "crypto/openssl_handles.h"

namespace usbgw::crypto {
namespace {

constexpr long kVersion3 = 2;  // RFC 5280, 4.1.2.1
constexpr std::size_t kSerialBytes = 16;

tl::unexpected<Error> openssl_failure(std::string_view what) {
  return fail(ErrorCode::io, std::string(what) + ": " + openssl_reason(take_openssl_error()));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

BioHandle reader(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Random and positive, so that two authorities never share one (RFC 5280, 4.1.2.2).
bool set_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool ok = number != nullptr &&
                  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return ok;
}

bool set_name(X509_NAME* name, std::string_view text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool set_validity(X509* certificate, const Validity& validity) {
  using std::chrono::system_clock;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), system_clock::to_time_t(validity.from)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), system_clock::to_time_t(validity.until)) !=
             nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool ok = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

bool add_authority_extensions(X509* certificate) {
  return add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") &&
         add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
}

bool add_node_extensions(X509* certificate, X509* issuer, std::string_view name) {
  return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
         add_extension(certificate, issuer, NID_subject_alt_name, "DNS:" + std::string(name)) &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
}

CertificateHandle blank_certificate(EVP_PKEY* key, std::string_view name,
                                    const Validity& validity) {
  CertificateHandle certificate(X509_new());
  const bool ok = certificate && X509_set_version(certificate.get(), kVersion3) == 1 &&
                  set_serial(certificate.get()) && set_validity(certificate.get(), validity) &&
                  set_name(X509_get_subject_name(certificate.get()), name) &&
                  X509_set_pubkey(certificate.get(), key) == 1;
  return ok ? std::move(certificate) : nullptr;
}

Result<Identity> to_pem(X509* certificate, EVP_PKEY* key) {
  const BioHandle certificate_text(BIO_new(BIO_s_mem()));
  const BioHandle key_text(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
          1)
    return openssl_failure("cannot write a new identity");
  return Identity{text_of(certificate_text.get()), text_of(key_text.get())};
}

Result<void> check(std::string_view name, const Validity& validity) {
  if (auto named = check_node_name(name); !named) return named;
  if (validity.until <= validity.from)
    return fail(ErrorCode::invalid_argument,
                "the validity of '" + std::string(name) + "' ends before it begins");
  return {};
}

}  // namespace

Result<void> check_node_name(std::string_view name) {
  if (is_node_name(name)) return {};
  return fail(ErrorCode::invalid_argument, "\"" + std::string(name) +
                                               "\" is not a node name: use 1 to " +
                                               std::to_string(kMaxNodeName) +
                                               " of A-Z a-z 0-9 . _ - and begin with a letter, "
                                               "a digit or _");
}

Result<Identity> make_authority(std::string_view name, const Validity& validity) {
  if (auto checked = check(name, validity); !checked) return tl::unexpected(checked.error());
  const KeyHandle key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("cannot make a P-256 key");
  const auto certificate = blank_certificate(key.get(), name, validity);
  if (!certificate ||
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) != 1 ||
      !add_authority_extensions(certificate.get()) ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
    return openssl_failure("cannot make the authority's certificate");
  return to_pem(certificate.get(), key.get());
}

Result<Identity> issue_identity(const Identity& authority, std::string_view name,
                                const Validity& validity) {
  if (auto checked = check(name, validity); !checked) return tl::unexpected(checked.error());
  const CertificateHandle issuer(
      PEM_read_bio_X509(reader(authority.certificate_pem).get(), nullptr, nullptr, nullptr));
  if (!issuer) return openssl_failure("the authority's certificate is not readable");
  const KeyHandle issuer_key(
      PEM_read_bio_PrivateKey(reader(authority.key_pem).get(), nullptr, nullptr, nullptr));
  if (!issuer_key) return openssl_failure("the authority's key is not readable");
  if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::invalid_argument, "the authority's key does not fit its certificate");
  }
  const KeyHandle key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("cannot make a P-256 key");
  const auto certificate = blank_certificate(key.get(), name, validity);
  if (!certificate ||
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) != 1 ||
      !add_node_extensions(certificate.get(), issuer.get(), name) ||
      X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) == 0)
    return openssl_failure("cannot make the certificate of '" + std::string(name) + "'");
  return to_pem(certificate.get(), key.get());
}

}  // namespace usbgw::crypto

#include "crypto/digest.h"

#include <openssl/evp.h>

#include "common/assertion.h"
#include "crypto/openssl_handles.h"

namespace usbgw::crypto {

struct Sha256Hasher::Implementation {
  std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>> context{EVP_MD_CTX_new()};
};

Sha256Hasher::Sha256Hasher() : implementation_(std::make_unique<Implementation>()) {
  USBGW_ASSERT(EVP_DigestInit_ex(implementation_->context.get(), EVP_sha256(), nullptr) == 1);
}

Sha256Hasher::~Sha256Hasher() = default;

void Sha256Hasher::add(std::span<const std::byte> bytes) {
  USBGW_ASSERT(EVP_DigestUpdate(implementation_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Hasher::finish() {
  Sha256 digest{};
  unsigned size = 0;
  USBGW_ASSERT(EVP_DigestFinal_ex(implementation_->context.get(),
                                  reinterpret_cast<unsigned char*>(digest.data()), &size) == 1);
  USBGW_ASSERT(size == digest.size());
  return digest;
}

}  // namespace usbgw::crypto

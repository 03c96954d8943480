#include "crypto/aead.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>

#include "common/assertion.h"
#include "common/byte_order.h"

namespace usbgw::crypto {
namespace {

// A shorter piece costs less to copy and seal with its neighbours than a call of its own.
constexpr std::size_t kSealedFromItsPlace = 512;

using EvpContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* raw(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

// The libcrypto calls below fail only for want of memory or by misuse: our bug, not the peer's.
EvpContext make_context(const AeadKey& key, int encrypt) {
  EvpContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  USBGW_ASSERT(context);
  USBGW_ASSERT(EVP_CipherInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, raw(key.data()),
                                 nullptr, encrypt) == 1);
  return context;
}

AeadIv nonce(const AeadIv& iv, std::uint64_t packet_number) {
  AeadIv nonce = iv;
  const std::uint64_t low = load_be<std::uint64_t>(iv.data() + 4);
  store_be<std::uint64_t>(nonce.data() + 4, low ^ packet_number);
  return nonce;
}

// Every call passes lengths of at most one datagram, so int is wide enough.
void update(EVP_CIPHER_CTX* context, std::byte* to, std::span<const std::byte> from) {
  int written = 0;
  USBGW_ASSERT(EVP_CipherUpdate(context, raw(to), &written, raw(from.data()),
                                static_cast<int>(from.size())) == 1);
}

// The whole nonce as "fixed IV": size -1 means the whole, as libssl's EVP_CTRL_GCM_SET_IV_FIXED has
// always had it. EVP_CipherInit_ex does the same for twice the time, and asks for the IV's length
// by name. A cipher that is not given its next nonce this way refuses the first update.
OSSL_PARAM nonce_parameter(AeadIv& nonce) {
  return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, nonce.data(),
                                           static_cast<std::size_t>(-1));
}

// Pointers to non-const are what libcrypto takes.
OSSL_PARAM tag_parameter(std::byte* tag) {
  return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, kAeadTagBytes);
}

}  // namespace

struct Sealer::Context {
  EvpContext evp;
  AeadIv iv;
};

Sealer::Sealer(const AeadKey& key, const AeadIv& iv)
    : context_(std::make_unique<Context>(Context{make_context(key, 1), iv})) {}
Sealer::~Sealer() = default;
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;

void Sealer::seal(std::uint64_t packet_number, std::span<const std::byte> associated,
                  std::span<const std::span<const std::byte>> pieces, std::span<std::byte> to) {
  EVP_CIPHER_CTX* evp = context_->evp.get();
  AeadIv current = nonce(context_->iv, packet_number);
  const std::array set{nonce_parameter(current), OSSL_PARAM_construct_end()};
  USBGW_ASSERT(EVP_CIPHER_CTX_set_params(evp, set.data()) == 1);
  if (!associated.empty()) update(evp, nullptr, associated);
  std::size_t used = 0;
  std::size_t sealed = 0;
  const auto seal_gathered = [&] {
    if (used > sealed) update(evp, to.data() + sealed, to.subspan(sealed, used - sealed));
    sealed = used;
  };
  for (const auto piece : pieces) {
    USBGW_ASSERT(used + piece.size() + kAeadTagBytes <= to.size());
    if (piece.size() >= kSealedFromItsPlace) {
      seal_gathered();
      update(evp, to.data() + used, piece);
      sealed = used += piece.size();
    } else if (!piece.empty()) {
      std::memcpy(to.data() + used, piece.data(), piece.size());
      used += piece.size();
    }
  }
  USBGW_ASSERT(used + kAeadTagBytes <= to.size());
  seal_gathered();
  int written = 0;
  std::byte* tag = to.data() + used;
  USBGW_ASSERT(EVP_CipherFinal_ex(evp, raw(tag), &written) == 1);
  std::array get{tag_parameter(tag), OSSL_PARAM_construct_end()};
  USBGW_ASSERT(EVP_CIPHER_CTX_get_params(evp, get.data()) == 1);
}

struct Opener::Context {
  EvpContext evp;
  AeadIv iv;
};

Opener::Opener(const AeadKey& key, const AeadIv& iv)
    : context_(std::make_unique<Context>(Context{make_context(key, 0), iv})) {}
Opener::~Opener() = default;
Opener::Opener(Opener&&) noexcept = default;
Opener& Opener::operator=(Opener&&) noexcept = default;

bool Opener::open(std::uint64_t packet_number, std::span<const std::byte> associated,
                  std::span<const std::byte> sealed, std::span<std::byte> to) {
  if (sealed.size() < kAeadTagBytes) return false;
  const std::size_t size = sealed.size() - kAeadTagBytes;
  USBGW_ASSERT(size <= to.size());
  EVP_CIPHER_CTX* evp = context_->evp.get();
  AeadIv current = nonce(context_->iv, packet_number);
  std::array<std::byte, kAeadTagBytes> tag;
  std::memcpy(tag.data(), sealed.data() + size, kAeadTagBytes);
  const std::array set{nonce_parameter(current), tag_parameter(tag.data()),
                       OSSL_PARAM_construct_end()};
  USBGW_ASSERT(EVP_CIPHER_CTX_set_params(evp, set.data()) == 1);
  if (!associated.empty()) update(evp, nullptr, associated);
  if (size > 0) update(evp, to.data(), sealed.first(size));
  int written = 0;
  std::array<std::byte, kAeadTagBytes> rest;
  if (EVP_CipherFinal_ex(evp, raw(rest.data()), &written) == 1) return true;
  OPENSSL_cleanse(to.data(), size);
  return false;
}

}  // namespace usbgw::crypto

#include "crypto/certificate_name.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "crypto/identity.h"
#include "crypto/openssl_handles.h"

namespace usbgw::crypto {
namespace {

using NamesHandle = std::unique_ptr<GENERAL_NAMES, OpensslDeleter<GENERAL_NAMES_free>>;

// By length, never by a terminator: a name with a NUL inside is not a node name.
std::string_view text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string first_dns_name(const X509* certificate) {
  const NamesHandle names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) return std::string(text_of(name->d.dNSName));
  }
  return {};
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return std::string(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

}  // namespace

bool is_node_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNodeName && name.front() != '.' &&
         name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string node_name(const X509* certificate) {
  std::string name = first_dns_name(certificate);
  if (name.empty()) name = common_name(certificate);
  return is_node_name(name) ? name : std::string();
}

}  // namespace usbgw::crypto

// The name of a node as its certificate states it. Only crypto/*.cpp includes it.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>

namespace usbgw::crypto {

// 1 to 63 of A-Z a-z 0-9 . _ -, so that a name is also a file name and safe to print.
[[nodiscard]] bool is_node_name(std::string_view name);

// First DNS name of the subjectAltName, else the subject's common name; empty when the certificate
// has neither or it is not a node name.
[[nodiscard]] std::string node_name(const X509* certificate);

}  // namespace usbgw::crypto

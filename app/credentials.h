// What a node proves itself with: the certificate or the pre-shared keys that [security] names.
#pragma once

#include "common/result.h"
#include "config/document.h"
#include "crypto/tls.h"

namespace usbgw::app {

// Reads them and refuses what no peer would accept: files that cannot be read, a key that does not
// fit, a certificate for another name or of another authority. Errors name the file and, where it
// is one key's fault, its line; several lines when several files cannot be read.
[[nodiscard]] Result<crypto::TlsContext> load_credentials(const config::Document& document);

}  // namespace usbgw::app

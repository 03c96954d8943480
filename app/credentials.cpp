#include "app/credentials.h"

#include "app/config_command.h"

namespace usbgw::app {
namespace {

tl::unexpected<Error> refuse(const config::Location& at, std::string text) {
  return fail(ErrorCode::invalid_argument, config::Problem{at, std::move(text)}.to_string());
}

// The peers' configurations name this node: the name that they see is the certificate's.
Result<void> check_name(const config::Document& document, const crypto::TlsContext& context) {
  const std::string& name = *document.node.name;
  const std::string& certified = context.local_name();
  if (certified == name) return {};
  return refuse(document.node.name.at,
                "\"" + name + "\" is not the name in security.certificate " +
                    *document.security.certificate + ", \"" + certified +
                    "\"; write that name, or make a certificate with `usbgw keys issue " + name +
                    "`");
}

Result<void> check_authority(const config::SecuritySection& security,
                             const crypto::TlsContext& context) {
  if (context.is_signed_by_authority()) return {};
  return refuse(security.ca.at, *security.ca + " did not sign security.certificate " +
                                    *security.certificate +
                                    "; take the authority.pem of the folder in which `usbgw keys "
                                    "issue` made the certificate");
}

}  // namespace

Result<crypto::TlsContext> load_credentials(const config::Document& document) {
  const config::SecuritySection& security = document.security;
  if (const config::Problems missing = config::unreadable_files(document); !missing.empty()) {
    return tl::unexpected<Error>(as_error(missing));
  }
  if (!security.has_certificate()) {
    return crypto::TlsContext::with_preshared_keys(*security.psk_file);
  }
  auto context =
      crypto::TlsContext::with_certificates({*security.certificate, *security.key, *security.ca});
  if (!context) return context;
  if (auto named = check_name(document, *context); !named) return tl::unexpected(named.error());
  if (auto is_ours = check_authority(security, *context); !is_ours) {
    return tl::unexpected(is_ours.error());
  }
  return context;
}

}  // namespace usbgw::app

// For our own bugs only, and kept on in release. Bad input is never asserted on.
#pragma once

namespace usbgw {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}

#define USBGW_ASSERT(expression)                        \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::usbgw::assertion_failed(#expression, __FILE__, __LINE__))

#include "common/assertion.h"

#include <cstdio>
#include <cstdlib>

namespace usbgw {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "usbgw: bug at %s:%d: %s does not hold\n", file, line, expression);
  std::abort();
}

}  // namespace usbgw

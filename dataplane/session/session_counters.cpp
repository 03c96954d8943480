#include "dataplane/session/session_counters.h"

namespace usbgw::session {

CounterText describe(SessionCounter counter) {
  switch (counter) {
#define USBGW_X(name, help)  \
  case SessionCounter::name: \
    return {#name, help};
    USBGW_SESSION_COUNTERS(USBGW_X)
#undef USBGW_X
    case SessionCounter::count_:
      break;
  }
  return {"unknown", ""};
}

}  // namespace usbgw::session

#include "dataplane/dpdk/port_counters.h"

#include "common/assertion.h"

namespace usbgw::dpdk {

CounterText describe(PortCounter counter) {
  static constexpr std::array<CounterText, kPortCounters> kTexts{{
#define USBGW_X(name, help) {#name, help},
      USBGW_PORT_COUNTERS(USBGW_X)
#undef USBGW_X
  }};
  USBGW_ASSERT(counter < PortCounter::count_);
  return kTexts[static_cast<std::size_t>(counter)];
}

}  // namespace usbgw::dpdk

// Counts operator new while asked to; link counting_new.cpp into the test.
#pragma once

#include <cstddef>

namespace usbgw::test {

void start_counting_allocations();
// Since the start; ends the counting.
[[nodiscard]] std::size_t stop_counting_allocations();

}  // namespace usbgw::test

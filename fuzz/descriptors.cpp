// Device and configuration descriptors, which come from an unknown device.
#include "wire/descriptors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace usbgw;
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  constexpr Speed kSpeeds[] = {Speed::low, Speed::full, Speed::high, Speed::super};
  const Speed speed = kSpeeds[data[0] % 4];
  static_cast<void>(wire::parse_device_descriptor(bytes));
  const auto configuration = wire::parse_configuration(bytes, speed);
  if (!configuration) return 0;
  for (const auto& setting : configuration->alternates)
    for (const auto& endpoint : setting.endpoints)
      if (wire::service_interval(endpoint, speed).count() <= 0) __builtin_trap();
  return 0;
}

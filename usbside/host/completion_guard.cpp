#include "usbside/host/completion_guard.h"

namespace usbgw::host {
namespace {

bool is_allowed_data(const Urb& urb, const Completion& completion) {
  if (completion.actual > urb.submit.length) return false;
  return completion.data.size() == (urb.submit.endpoint.is_in() ? completion.actual : 0);
}

// usbip_recv_iso and usbip_pad_iso (drivers/usb/usbip/usbip_common.c): the sum must be exact, and
// the kernel spreads the data by the offsets that we echo.
bool are_allowed_packets(const Urb& urb, const Completion& completion) {
  if (completion.packets.size() != urb.packets.size()) return false;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < urb.packets.size(); ++i) {
    const auto& packet = completion.packets[i];
    const auto& asked = urb.packets[i];
    if (packet.offset != asked.offset || packet.length != asked.length) return false;
    if (i == 0 && packet.offset != 0) return false;
    if (packet.actual > asked.length || static_cast<std::int32_t>(packet.status) > 0) return false;
    if (std::uint64_t{asked.offset} + asked.length > urb.submit.length) return false;
    sum += packet.actual;
  }
  return sum == completion.actual;
}

}  // namespace

bool is_allowed(const Urb& urb, const Completion& completion) {
  if (static_cast<std::int32_t>(completion.status) > 0) return false;
  if (!is_allowed_data(urb, completion)) return false;
  if (urb.type != TransferType::isochronous) return completion.packets.empty();
  return are_allowed_packets(urb, completion);
}

}  // namespace usbgw::host

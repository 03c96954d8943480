#include "common/usb.h"

namespace usbgw {

std::string_view to_string(Speed speed) {
  switch (speed) {
    case Speed::low:
      return "low";
    case Speed::full:
      return "full";
    case Speed::high:
      return "high";
    case Speed::super:
      return "super";
    case Speed::super_plus:
      return "super-plus";
  }
  return "unknown";
}

std::string_view to_string(TransferType type) {
  switch (type) {
    case TransferType::control:
      return "control";
    case TransferType::isochronous:
      return "isochronous";
    case TransferType::bulk:
      return "bulk";
    case TransferType::interrupt:
      return "interrupt";
  }
  return "unknown";
}

}  // namespace usbgw

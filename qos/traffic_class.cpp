#include "qos/traffic_class.h"

namespace usbgw::qos {

std::string_view to_string(TrafficClass traffic_class) {
  switch (traffic_class) {
    case TrafficClass::isochronous:
      return "isochronous";
    case TrafficClass::interrupt:
      return "interrupt";
    case TrafficClass::repair:
      return "repair";
    case TrafficClass::management:
      return "management";
  }
  return "unknown";
}

}  // namespace usbgw::qos

#include "config/value.h"

namespace usbgw::config {

std::string Location::to_string() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (!key.empty()) text += ": " + key;
  return text;
}

std::string Problem::to_string() const {
  return at.to_string() + ": " + text;
}

}  // namespace usbgw::config

#include "app/link_watch.h"

#include <utility>

namespace usbgw::app {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(200);

}  // namespace

LinkWatch::LinkWatch(std::function<bool()> is_up, std::string socket, bool is_missing, Log& log)
    : is_up_(std::move(is_up)), socket_(std::move(socket)), log_(log) {
  if (is_missing) log_.warning("waiting for the memif server at " + socket_);
}

std::size_t LinkWatch::turn(Instant now) {
  if (now < next_look_) return 0;
  next_look_ = now + kLook;
  if (std::exchange(was_up_, is_up_()) == was_up_) return 0;
  if (was_up_) {
    log_.info("connected to the memif server at " + socket_);
  } else {
    log_.warning("the memif server at " + socket_ + " is gone; waiting for it");
  }
  return 1;
}

}  // namespace usbgw::app

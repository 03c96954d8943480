// Says in the log when a memif client has found its server, and when it has lost it. Control
// thread.
#pragma once

#include <functional>
#include <string>

#include "common/log.h"
#include "common/loop.h"

namespace usbgw::app {

class LinkWatch final : public Loop {
 public:
  // `is_up`: whether the port's link is; `is_missing`: the server was not there at the start.
  LinkWatch(std::function<bool()> is_up, std::string socket, bool is_missing, Log& log);

  std::size_t turn(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override { return next_look_; }

 private:
  std::function<bool()> is_up_;
  std::string socket_;
  Log& log_;
  bool was_up_ = false;
  Instant next_look_{};
};

}  // namespace usbgw::app

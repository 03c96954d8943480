// TLS channels to and from the peers that the configuration names.
#pragma once

#include <memory>
#include <string>

#include "common/log.h"
#include "config/document.h"
#include "node/agent_control.h"
#include "node/host_control.h"

namespace usbgw::app {

class ChannelFactory : public node::ChannelMaker {
 public:
  // Loads the credentials. The log, which outlives the factory, is told which connections were
  // refused.
  [[nodiscard]] static Result<std::unique_ptr<ChannelFactory>> make(
      const config::Document& document, Log& log);
  // Listens at [control] listen. The acceptor is the factory's.
  [[nodiscard]] virtual Result<node::ChannelAcceptor*> listen(const config::Document& document) = 0;
};

}  // namespace usbgw::app

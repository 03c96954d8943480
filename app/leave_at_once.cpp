#include "app/leave_at_once.h"

#include <unistd.h>

#include <cstdio>

namespace usbgw::app {

void leave_at_once(const Error& error, const std::string& admin_socket, Log& log) {
  ::unlink(admin_socket.c_str());
  // An error line also writes out what the log has kept back (open_log()).
  log.error(error.context);
  std::fflush(stdout);
  std::fprintf(stderr, "usbgw: %s\n", error.context.c_str());
  ::_exit(1);
}

}  // namespace usbgw::app

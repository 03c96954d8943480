// DPDK's log, caught instead of printed: the last error lines become part of our error. Only DPDK
// writes to it, from any of its threads.
#pragma once

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

namespace usbgw::dpdk {

class LogCapture {
 public:
  // Redirects DPDK's log from here to the destructor.
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // The lines since the last take(), joined with "; "; bounded.
  [[nodiscard]] std::string take();

 private:
  static ssize_t write(void* self, const char* text, std::size_t size);

  std::mutex mutex_;
  std::string text_;
  std::FILE* stream_;
};

}  // namespace usbgw::dpdk

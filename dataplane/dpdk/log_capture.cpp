#include "dataplane/dpdk/log_capture.h"

#include <rte_log.h>

#include <algorithm>

#include "common/assertion.h"

namespace usbgw::dpdk {
namespace {

constexpr std::size_t kKeptBytes = 2000;

}  // namespace

LogCapture::LogCapture() {
  const cookie_io_functions_t functions{
      .read = nullptr, .write = &LogCapture::write, .seek = nullptr, .close = nullptr};
  stream_ = fopencookie(this, "w", functions);
  USBGW_ASSERT(stream_ != nullptr);
  std::setvbuf(stream_, nullptr, _IOLBF, 0);
  rte_openlog_stream(stream_);
}

LogCapture::~LogCapture() {
  rte_openlog_stream(nullptr);
  std::fclose(stream_);
}

ssize_t LogCapture::write(void* self, const char* text, std::size_t size) {
  auto& capture = *static_cast<LogCapture*>(self);
  const std::scoped_lock lock(capture.mutex_);
  const std::size_t room = kKeptBytes - std::min(kKeptBytes, capture.text_.size());
  capture.text_.append(text, std::min(size, room));
  return static_cast<ssize_t>(size);
}

std::string LogCapture::take() {
  std::fflush(stream_);
  const std::scoped_lock lock(mutex_);
  std::string joined;
  for (std::size_t at = 0; at < text_.size();) {
    const std::size_t end = std::min(text_.find('\n', at), text_.size());
    if (end > at) joined += (joined.empty() ? "" : "; ") + text_.substr(at, end - at);
    at = end + 1;
  }
  text_.clear();
  return joined;
}

}  // namespace usbgw::dpdk

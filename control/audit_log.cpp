#include "control/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

namespace usbgw::control {
namespace {

std::string utc_text(std::chrono::system_clock::time_point time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch - seconds);
  const std::time_t whole = static_cast<std::time_t>(seconds.count());
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 40> text{};
  const std::size_t used = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + used, text.size() - used, ".%03dZ", static_cast<int>(ms.count()));
  return text.data();
}

}  // namespace

std::string_view to_string(AuditKind kind) {
  switch (kind) {
    case AuditKind::grant:
      return "grant";
    case AuditKind::release:
      return "release";
    case AuditKind::expiry:
      return "expiry";
    case AuditKind::refusal:
      return "refusal";
    case AuditKind::takeover:
      return "takeover";
  }
  return "unknown";
}

std::string to_json_line(const AuditEvent& event, std::chrono::system_clock::time_point time) {
  nlohmann::ordered_json line;
  line["time"] = utc_text(time);
  line["event"] = to_string(event.kind);
  line["device"] = event.device;
  line["owner"] = event.owner;
  if (!event.holder.empty()) line["holder"] = event.holder;
  if (event.token != 0) line["token"] = event.token;
  if (event.held_seconds != 0) line["held_seconds"] = event.held_seconds;
  if (!event.detail.empty()) line["detail"] = event.detail;
  // A device's serial may be any bytes; a line must be written for it all the same.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& path, const WallClock& clock,
                                                 Log& log) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return fail(ErrorCode::io, with_errno("cannot open the audit log " + path, errno));
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(file), path, clock, log));
}

void AuditLog::record(const AuditEvent& event) {
  const std::string line = (line_is_torn_ ? "\n" : "") + to_json_line(event, clock_.now());
  const ssize_t written = ::write(file_.get(), line.data(), line.size());
  if (written < 0) return fail_with(std::strerror(errno));
  if (written > 0) line_is_torn_ = written < static_cast<ssize_t>(line.size());
  if (written < static_cast<ssize_t>(line.size())) return fail_with("a line was cut short");
  if (is_failing_) {
    log_.info("the audit log " + path_ + " is written again; " + std::to_string(failures_) +
              " lines are missing since the start");
  }
  is_failing_ = false;
}

// Told once until a line is written again, for a full disk stays full.
void AuditLog::fail_with(const std::string& why) {
  ++failures_;
  if (!is_failing_) {
    log_.warning("the audit log " + path_ + " cannot be written: " + why +
                 "; grants and refusals go on and are not recorded until it can");
  }
  is_failing_ = true;
}

}  // namespace usbgw::control

// The append-only record of who was given what: one JSON object a line. A full disk never stops the
// gateway; what could not be written is counted, and the log is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/log.h"
#include "common/result.h"
#include "control/file_descriptor.h"

namespace usbgw::control {

enum class AuditKind : std::uint8_t { grant, release, expiry, refusal, takeover };

[[nodiscard]] std::string_view to_string(AuditKind kind);

struct AuditEvent {
  AuditKind kind{};
  std::string device;
  std::string owner;   // grant: who got it; refusal: who did not; takeover: who has it now
  std::string holder;  // refusal, takeover: who has or had it
  std::uint64_t token = 0;
  std::uint64_t held_seconds = 0;  // release, expiry, takeover
  std::string detail;              // why, for people
};

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  virtual void record(const AuditEvent& event) = 0;
  // Lines that could not be written.
  [[nodiscard]] virtual std::uint64_t failures() const { return 0; }
};

// Where no audit log is configured.
class NullAudit final : public AuditSink {
 public:
  void record(const AuditEvent&) override {}
};

// The time of day, which only main() reads.
class WallClock {
 public:
  virtual ~WallClock() = default;
  [[nodiscard]] virtual std::chrono::system_clock::time_point now() const = 0;
};

// {"time":"2026-03-01T12:00:00.123Z","event":"grant","device":...}; empty members are left out.
[[nodiscard]] std::string to_json_line(const AuditEvent& event,
                                       std::chrono::system_clock::time_point time);

class AuditLog final : public AuditSink {
 public:
  // Made with mode 0640 when it is not there. The clock and `log` outlive it.
  [[nodiscard]] static Result<std::unique_ptr<AuditLog>> open(const std::string& path,
                                                              const WallClock& clock, Log& log);
  void record(const AuditEvent& event) override;
  [[nodiscard]] std::uint64_t failures() const override { return failures_; }

 private:
  AuditLog(FileDescriptor file, std::string path, const WallClock& clock, Log& log)
      : file_(std::move(file)), path_(std::move(path)), clock_(clock), log_(log) {}
  void fail_with(const std::string& why);

  FileDescriptor file_;
  std::string path_;
  const WallClock& clock_;
  Log& log_;
  bool line_is_torn_ = false;  // the last write ended inside a line
  bool is_failing_ = false;    // the last line was not written
  std::uint64_t failures_ = 0;
};

}  // namespace usbgw::control

#include "control/audit_log.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/tls_files.h"

namespace usbgw::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FixedClock final : public WallClock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override { return time; }
  // date -u -d @1772366400 -> 2026-03-01 12:00:00
  std::chrono::system_clock::time_point time{seconds(1772366400) + milliseconds(7)};
};

class RecordedLog final : public Log {
 public:
  void write(LogLevel level, std::string_view text) override {
    lines.push_back((level == LogLevel::warning ? "warning: " : "info: ") + std::string(text));
  }
  std::vector<std::string> lines;
};

// A disk that is full for a while: no file grows over `most` bytes.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t most) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{most, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

std::string content(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(AuditLog, OneJsonLineAnEventAppended) {
  const test::TemporaryFolder folder;
  const FixedClock clock;
  const std::string earlier = "{\"event\":\"earlier\"}\n";
  const std::string path = folder.write("audit.log", earlier);
  NullLog quiet;
  auto log = AuditLog::open(path, clock, quiet);
  ASSERT_TRUE(log) << log.error().context;
  (*log)->record({AuditKind::grant, "1209:a102", "host-1", {}, 4, 0, {}});
  (*log)->record({AuditKind::refusal, "1209:a102", "host-2", "host-1", 0, 0, "held \"now\""});
  EXPECT_EQ(content(path),
            earlier +
                "{\"time\":\"2026-03-01T12:00:00.007Z\",\"event\":\"grant\",\"device\":"
                "\"1209:a102\",\"owner\":\"host-1\",\"token\":4}\n"
                "{\"time\":\"2026-03-01T12:00:00.007Z\",\"event\":\"refusal\",\"device\":"
                "\"1209:a102\",\"owner\":\"host-2\",\"holder\":\"host-1\",\"detail\":\"held "
                "\\\"now\\\"\"}\n");
  EXPECT_EQ((*log)->failures(), 0u);
}

TEST(AuditLog, FullDiskIsCountedAndSurvived) {
  const FixedClock clock;
  RecordedLog told;
  auto log = AuditLog::open("/dev/full", clock, told);
  ASSERT_TRUE(log) << log.error().context;
  (*log)->record({AuditKind::grant, "1209:a102", "host-1", {}, 4, 0, {}});
  (*log)->record({AuditKind::release, "1209:a102", "host-1", {}, 4, 9, {}});
  EXPECT_EQ((*log)->failures(), 2u);
  EXPECT_EQ(told.lines, std::vector<std::string>{
                            "warning: the audit log /dev/full cannot be written: No space left on "
                            "device; grants and refusals go on and are not recorded until it can"});
}

TEST(AuditLog, EachRowOfFailuresIsToldOnceAndItsEndToo) {
  const test::TemporaryFolder folder;
  const FixedClock clock;
  RecordedLog told;
  const std::string path = folder.write("audit.log", "");
  auto log = AuditLog::open(path, clock, told);
  ASSERT_TRUE(log) << log.error().context;
  const AuditEvent event{AuditKind::grant, "1209:a102", "host-1", {}, 4, 0, {}};
  for (const std::uint64_t failures : {3u, 6u}) {
    {
      const FileSizeLimit full(content(path).size() + 10);
      for (int i = 0; i < 3; ++i) (*log)->record(event);
    }
    EXPECT_EQ((*log)->failures(), failures);
    (*log)->record(event);
    (*log)->record(event);
  }
  ASSERT_EQ(told.lines.size(), 4u);
  const std::string cannot = "warning: the audit log " + path + " cannot be written: ";
  EXPECT_TRUE(told.lines[0].starts_with(cannot + "a line was cut short")) << told.lines[0];
  EXPECT_EQ(told.lines[1], "info: the audit log " + path +
                               " is written again; 3 lines are missing since the start");
  EXPECT_TRUE(told.lines[2].starts_with(cannot)) << told.lines[2];
  // Torn lines stand alone, so that whole ones can be read.
  EXPECT_NE(content(path).find("\n" + to_json_line(event, clock.now())), std::string::npos);
}

TEST(AuditLog, TextOfStrangersStaysOneLine) {
  const AuditEvent event{AuditKind::grant, "1209:a102:\xff\n", "host-1", {}, 0, 0, {}};
  const auto line = to_json_line(event, {});
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\xff'), std::string::npos);
}

TEST(AuditLog, PlaceThatCannotBeWrittenIsNamed) {
  const FixedClock clock;
  NullLog quiet;
  const auto log = AuditLog::open("/nonexistent/audit.log", clock, quiet);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().context.find("/nonexistent/audit.log"), std::string::npos);
}

}  // namespace
}  // namespace usbgw::control

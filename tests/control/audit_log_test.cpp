#include "control/audit_log.h"

#include <gtest/gtest.h>

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

std::string content(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(AuditLog, OneJsonLineAnEventAppended) {
  const test::TemporaryFolder folder;
  const FixedClock clock;
  const std::string earlier = "{\"event\":\"earlier\"}\n";
  const std::string path = folder.write("audit.log", earlier);
  auto log = AuditLog::open(path, clock);
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
  auto log = AuditLog::open("/dev/full", clock);
  ASSERT_TRUE(log) << log.error().context;
  (*log)->record({AuditKind::grant, "1209:a102", "host-1", {}, 4, 0, {}});
  (*log)->record({AuditKind::release, "1209:a102", "host-1", {}, 4, 9, {}});
  EXPECT_EQ((*log)->failures(), 2u);
}

TEST(AuditLog, TextOfStrangersStaysOneLine) {
  const AuditEvent event{AuditKind::grant, "1209:a102:\xff\n", "host-1", {}, 0, 0, {}};
  const auto line = to_json_line(event, {});
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\xff'), std::string::npos);
}

TEST(AuditLog, PlaceThatCannotBeWrittenIsNamed) {
  const FixedClock clock;
  const auto log = AuditLog::open("/nonexistent/audit.log", clock);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().context.find("/nonexistent/audit.log"), std::string::npos);
}

}  // namespace
}  // namespace usbgw::control

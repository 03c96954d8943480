#include "app/link_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace usbgw::app {
namespace {

class Lines final : public Log {
 public:
  void write(LogLevel level, std::string_view text) override {
    lines.push_back((level == LogLevel::warning ? "warning: " : "info: ") + std::string(text));
  }
  std::vector<std::string> lines;
};

struct LinkWatchTest : testing::Test {
  void watch(bool is_missing) {
    LinkWatch watch([this] { return is_up; }, "/run/m.sock", is_missing, log);
    for (const bool up : states) {
      is_up = up;
      now = watch.next_deadline() > now ? watch.next_deadline() : now;
      watch.turn(now);
      EXPECT_GT(watch.next_deadline(), now);
    }
  }
  std::vector<bool> states;
  Lines log;
  bool is_up = false;
  Instant now = Instant{} + std::chrono::seconds(1);
};

using Strings = std::vector<std::string>;

TEST_F(LinkWatchTest, ServerThatIsMissing_IsSaidOnceAndWhenItComes) {
  states = {false, false, false, true, true};
  watch(true);
  EXPECT_EQ(log.lines, (Strings{"warning: waiting for the memif server at /run/m.sock",
                                "info: connected to the memif server at /run/m.sock"}));
}

TEST_F(LinkWatchTest, ServerThatIsThere_IsNotWaitedFor) {
  states = {false, true, true};
  watch(false);
  EXPECT_EQ(log.lines, Strings{"info: connected to the memif server at /run/m.sock"});
}

TEST_F(LinkWatchTest, ServerThatGoesAndComesAgain_IsSaidEachTime) {
  states = {true, false, false, true};
  watch(false);
  EXPECT_EQ(log.lines, (Strings{"info: connected to the memif server at /run/m.sock",
                                "warning: the memif server at /run/m.sock is gone; waiting for it",
                                "info: connected to the memif server at /run/m.sock"}));
}

}  // namespace
}  // namespace usbgw::app

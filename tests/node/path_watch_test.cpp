#include "node/path_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace usbgw::node {
namespace {

using namespace std::chrono_literals;

class Log {
 public:
  // As the packet worker reports, five times a second.
  void run(PathId path, bool is_answering, Duration length) {
    session::PathStatus status;
    status.is_answering = is_answering;
    for (const Instant end = now_ + length; now_ < end; now_ += 200ms)
      if (const auto news = watch_.take(path, status, now_)) lines.push_back(news->text);
  }
  std::vector<std::string> lines;

 private:
  Instant now_ = Instant{} + 100s;
  PathWatch watch_{"stage", now_};
};

TEST(PathWatch, PathsThatAnswerAreNotMentioned) {
  Log log;
  log.run(PathId::first, true, 1s);
  log.run(PathId::second, false, 2s);  // slow to start
  log.run(PathId::second, true, 60s);
  EXPECT_TRUE(log.lines.empty());
}

TEST(PathWatch, OneThatNeverAnswersIsOneLine) {
  Log log;
  log.run(PathId::second, false, 600s);
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_NE(log.lines[0].find("the second path to stage has not answered"), std::string::npos);
}

TEST(PathWatch, SilenceIsSaidAtOnceAndItsEndWhenItHasLasted) {
  Log log;
  log.run(PathId::first, true, 10s);
  log.run(PathId::first, false, 200ms);
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_NE(log.lines[0].find("the first path to stage is silent"), std::string::npos);
  log.run(PathId::first, false, 5s);
  log.run(PathId::first, true, 9s);
  EXPECT_EQ(log.lines.size(), 1u);
  log.run(PathId::first, true, 2s);
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_EQ(log.lines[1], "the first path to stage answers");
}

TEST(PathWatch, OneThatFlapsIsOneLineUntilItHasSettled) {
  Log log;
  log.run(PathId::second, true, 10s);
  for (int i = 0; i < 200; ++i) {
    log.run(PathId::second, false, 1s);
    log.run(PathId::second, true, 3s);
  }
  EXPECT_EQ(log.lines.size(), 1u);
  log.run(PathId::second, true, 20s);
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_EQ(log.lines[1], "the second path to stage answers again, after 200 silences");
}

}  // namespace
}  // namespace usbgw::node

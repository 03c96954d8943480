#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "app/admin_commands.h"
#include "control/unix_socket.h"

namespace usbgw::app {
namespace {

class FindSocket : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "usbgw-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(FindSocket, NamedSocket_Wins) {
  AdminOptions options;
  options.socket = "/x.sock";
  options.config = "/nonexistent";
  EXPECT_EQ(*find_socket(options, folder_), "/x.sock");
}

TEST_F(FindSocket, Config_NamesIt) {
  AdminOptions options;
  options.config = USBGW_SOURCE_ROOT "/config/demo.toml";
  EXPECT_EQ(*find_socket(options, folder_), "/tmp/usbgw-demo.sock");
  options.config = "/nonexistent";
  EXPECT_EQ(find_socket(options, folder_).error().code, ErrorCode::invalid_argument);
}

TEST_F(FindSocket, OneThatAnswers_IsIt) {
  {
    const auto stale = control::listen_at(folder_ + "/stale.sock");
    ASSERT_TRUE(stale);
  }
  EXPECT_EQ(find_socket({}, folder_).error().code, ErrorCode::unavailable);
  const auto first = control::listen_at(folder_ + "/a.sock");
  EXPECT_EQ(*find_socket({}, folder_), folder_ + "/a.sock");
  const auto second = control::listen_at(folder_ + "/b.sock");
  const auto both = find_socket({}, folder_);
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(both.error().context.find(folder_ + "/b.sock"), std::string::npos);
}

TEST_F(FindSocket, NoFolder_SaysHowToStart) {
  EXPECT_EQ(find_socket({}, folder_ + "/none").error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace usbgw::app

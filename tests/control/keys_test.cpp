#include "control/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/tls_files.h"

namespace usbgw::control {
namespace {

using test::TemporaryFolder;

const WallTime kNow = std::chrono::system_clock::now();

::mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

TEST(Keys, IssuedIdentitiesOpenTls) {
  const TemporaryFolder folder;
  const auto authority = init_authority(folder.path(), kNow);
  ASSERT_TRUE(authority) << authority.error().context;
  const auto identity = issue_identity(folder.path(), "stage-a", kNow);
  ASSERT_TRUE(identity) << identity.error().context;
  const auto context = crypto::TlsContext::with_certificates(
      {identity->at(0), identity->at(1), folder.file("authority.pem")});
  ASSERT_TRUE(context) << context.error().context;
  EXPECT_EQ(context->local_name(), "stage-a");
}

TEST(Keys, SecretsAreForTheirOwnerAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(init_authority(folder.file("ca"), kNow));
  ASSERT_TRUE(issue_identity(folder.file("ca"), "stage-a", kNow));
  ASSERT_TRUE(generate_preshared_key(folder.file("studio.psk"), "studio"));
  EXPECT_EQ(mode_of(folder.file("ca/authority.key")), 0600u);
  EXPECT_EQ(mode_of(folder.file("ca/stage-a.key")), 0600u);
  EXPECT_EQ(mode_of(folder.file("studio.psk")), 0600u);
  EXPECT_EQ(mode_of(folder.file("ca")), 0700u);
}

TEST(Keys, NothingIsOverwritten) {
  const TemporaryFolder folder;
  ASSERT_TRUE(init_authority(folder.path(), kNow));
  const auto again = init_authority(folder.path(), kNow);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().context, folder.file("authority.pem") + " exists and is not overwritten");
  ASSERT_TRUE(generate_preshared_key(folder.file("psk"), "studio"));
  EXPECT_FALSE(generate_preshared_key(folder.file("psk"), "studio"));
}

TEST(Keys, FailureHalfWayLeavesNothing) {
  const TemporaryFolder folder;
  ASSERT_TRUE(init_authority(folder.path(), kNow));
  folder.write("stage-a.key", "somebody's");
  EXPECT_FALSE(issue_identity(folder.path(), "stage-a", kNow));
  EXPECT_FALSE(std::filesystem::exists(folder.file("stage-a.pem")));
  EXPECT_TRUE(std::filesystem::exists(folder.file("stage-a.key")));
}

TEST(Keys, ErrorsSayWhatToDo) {
  const TemporaryFolder folder;
  const auto early = issue_identity(folder.path(), "stage-a", kNow);
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().context.find("run: usbgw keys init"), std::string::npos);
  ASSERT_TRUE(init_authority(folder.path(), kNow));
  EXPECT_NE(issue_identity(folder.path(), "../x", kNow).error().context.find("not a node name"),
            std::string::npos);
  EXPECT_FALSE(issue_identity(folder.path(), "stage-a", kNow, 0));
  EXPECT_FALSE(issue_identity(folder.path(), "authority", kNow));
}

}  // namespace
}  // namespace usbgw::control

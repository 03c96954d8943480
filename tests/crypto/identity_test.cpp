#include "crypto/identity.h"

#include <gtest/gtest.h>

#include "tests/tls_files.h"

namespace usbgw::crypto {
namespace {

TEST(Identity, NamesThatAreNotFileNamesAreRefused) {
  const auto authority = make_authority("ca", test::valid_now()).value();
  for (const std::string name : {"", "a/b", "..", "-x", "a b", "é"})
    EXPECT_FALSE(issue_identity(authority, name, test::valid_now())) << name;
  EXPECT_FALSE(issue_identity(authority, std::string(64, 'a'), test::valid_now()));
  EXPECT_TRUE(issue_identity(authority, std::string(63, 'a'), test::valid_now()));
}

TEST(Identity, AuthorityWithAnothersKeyIsRefused) {
  auto mixed = make_authority("ca", test::valid_now()).value();
  mixed.key_pem = make_authority("ca", test::valid_now())->key_pem;
  const auto issued = issue_identity(mixed, "stage-a", test::valid_now());
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().context, "the authority's key does not fit its certificate");
}

TEST(Identity, ValidityThatEndsBeforeItBeginsIsRefused) {
  const auto now = std::chrono::system_clock::now();
  EXPECT_FALSE(make_authority("ca", {now, now - std::chrono::hours(1)}));
}

// A node may not sign: the path length of the authority is 0 and the node is no authority.
TEST(Identity, CertificateSignedByANodeIsNotTrusted) {
  const test::TestAuthority authority;
  const auto node = issue_identity(authority.identity(), "stage-a", test::valid_now()).value();
  const auto forged = issue_identity(node, "stage-b", test::valid_now());
  ASSERT_TRUE(forged);
  const test::TemporaryFolder folder;
  const auto forger = TlsContext::with_certificates({folder.write("f.pem", forged->certificate_pem),
                                                     folder.write("f.key", forged->key_pem),
                                                     authority.certificate_file()});
  ASSERT_TRUE(forger) << forger.error().context;
  const auto honest = authority.context("host-1");
  const auto client = honest.connect("stage-b", "peer");
  const auto server = forger->accept("peer");
  std::vector<std::byte> buffer(65536);
  for (int round = 0; round < 4; ++round) {
    server->receive(std::span(buffer).first(client->take_output(buffer)));
    client->receive(std::span(buffer).first(server->take_output(buffer)));
  }
  EXPECT_EQ(client->state(), TlsState::failed);
}

}  // namespace
}  // namespace usbgw::crypto

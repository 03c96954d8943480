#include "crypto/tls.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/tls_files.h"

namespace usbgw::crypto {
namespace {

using test::expired;
using test::psk_context;
using test::TemporaryFolder;
using test::TestAuthority;

// Moves what `from` has to say, in pieces of `piece` bytes.
bool carry(TlsConnection& from, TlsConnection& to, std::size_t piece) {
  std::vector<std::byte> buffer(piece);
  bool moved = false;
  while (const std::size_t bytes = from.take_output(buffer)) {
    to.receive(std::span(buffer).first(bytes));
    moved = true;
  }
  return moved;
}

// Until both have nothing more to say. Reading is what notices alerts after the handshake.
void converse(TlsConnection& client, TlsConnection& server, std::size_t piece = 4096) {
  std::array<std::byte, 1> none{};
  bool moved = true;
  while (moved) {
    moved = carry(client, server, piece);
    moved = carry(server, client, piece) || moved;
    static_cast<void>(client.read(std::span(none).first(0)));
  }
}

struct Pair {
  Pair(const TlsContext& client_context, const TlsContext& server_context,
       const std::string& expected = {})
      : client(client_context.connect(expected, "10.0.0.2:7443")),
        server(server_context.accept("10.0.0.1:50000")) {
    converse(*client, *server);
  }
  // What a refused client learns with its first read.
  std::string client_learns() {
    std::array<std::byte, 16> buffer{};
    EXPECT_EQ(client->read(buffer), 0u);
    EXPECT_EQ(client->state(), TlsState::failed);
    return client->failure();
  }
  std::unique_ptr<TlsConnection> client;
  std::unique_ptr<TlsConnection> server;
};

TEST(Tls, CertificatesOfOneAuthorityOpenBothEnds) {
  const TestAuthority authority;
  const auto client = authority.context("host-1");
  const auto server = authority.context("stage-a");
  EXPECT_EQ(server.local_name(), "stage-a");
  const Pair pair(client, server, "stage-a");
  EXPECT_EQ(pair.client->state(), TlsState::open) << pair.client->failure();
  EXPECT_EQ(pair.server->state(), TlsState::open) << pair.server->failure();
  EXPECT_EQ(pair.client->peer_name(), "stage-a");
  EXPECT_EQ(pair.server->peer_name(), "host-1");
}

TEST(Tls, HandshakeByteByByteOpens) {
  const TestAuthority authority;
  const auto context = authority.context("stage-a");
  const auto client = context.connect("stage-a", "peer");
  const auto server = context.accept("peer");
  converse(*client, *server, 1);
  EXPECT_EQ(client->state(), TlsState::open);
  EXPECT_EQ(server->state(), TlsState::open);
}

TEST(Tls, DataArrivesWholeInBothDirections) {
  const TestAuthority authority;
  const auto context = authority.context("stage-a");
  const Pair pair(context, context);
  const std::vector<std::byte> sent(50000, std::byte{7});
  ASSERT_TRUE(pair.client->write(sent));
  carry(*pair.client, *pair.server, 1000);
  std::vector<std::byte> got(60000);
  std::size_t bytes = 0;
  while (const std::size_t more = pair.server->read(std::span(got).subspan(bytes))) bytes += more;
  ASSERT_EQ(bytes, sent.size());
  got.resize(bytes);
  EXPECT_EQ(got, sent);
}

TEST(Tls, OtherNameThanExpectedIsNamed) {
  const TestAuthority authority;
  const auto client = authority.context("host-1");
  const auto server = authority.context("stage-b");
  const Pair pair(client, server, "stage-a");
  EXPECT_EQ(pair.client->state(), TlsState::failed);
  EXPECT_EQ(pair.client->failure(),
            "certificate of 10.0.0.2:7443 is for 'stage-b', expected 'stage-a'");
  EXPECT_EQ(pair.server->state(), TlsState::failed);
}

TEST(Tls, ServerOfAnotherAuthorityIsRefused) {
  const TestAuthority ours;
  const TestAuthority theirs;
  const auto client = ours.context("host-1");
  const auto server = theirs.context("stage-a");
  const Pair pair(client, server, "stage-a");
  EXPECT_EQ(pair.client->failure(),
            "certificate of 10.0.0.2:7443 ('stage-a') is not signed by our authority");
  EXPECT_NE(pair.server->failure().find("refused our certificate"), std::string::npos)
      << pair.server->failure();
}

TEST(Tls, CertificateKnowsWhetherItsAuthorityIsTrusted) {
  const TestAuthority ours;
  const TestAuthority theirs;
  EXPECT_TRUE(ours.context("host-1").is_signed_by_authority());
  EXPECT_TRUE(ours.context("host-2", expired()).is_signed_by_authority());
  auto files = ours.issue("host-3");
  files.authority = theirs.certificate_file();
  EXPECT_FALSE(TlsContext::with_certificates(files)->is_signed_by_authority());
  EXPECT_TRUE(psk_context(test::kPskA).is_signed_by_authority());
}

// The client trusts the server's authority, but the server does not trust the client's.
TEST(Tls, ClientOfAnotherAuthorityLearnsThatItIsRefused) {
  const TestAuthority ours;
  const TestAuthority theirs;
  auto files = ours.issue("host-1");
  files.authority = theirs.certificate_file();
  const auto client = TlsContext::with_certificates(files).value();
  const auto server = theirs.context("stage-a");
  Pair pair(client, server, "stage-a");
  EXPECT_EQ(pair.server->failure(),
            "certificate of 10.0.0.1:50000 ('host-1') is not signed by our authority");
  EXPECT_NE(pair.client_learns().find("10.0.0.2:7443 refused our certificate ('host-1')"),
            std::string::npos)
      << pair.client->failure();
}

TEST(Tls, ExpiredCertificatesAreNamedOnBothEnds) {
  const TestAuthority authority;
  const auto good = authority.context("stage-a");
  const auto old = authority.context("host-1", expired());
  Pair refused_client(old, good);
  EXPECT_NE(refused_client.server->failure().find("('host-1') expired on "), std::string::npos)
      << refused_client.server->failure();
  EXPECT_NE(refused_client.client_learns().find("as expired"), std::string::npos);
  const Pair refused_server(good, old);
  EXPECT_NE(refused_server.client->failure().find("('host-1') expired on "), std::string::npos);
}

TEST(Tls, SamePresharedKeyOpensBothEnds) {
  const auto client = psk_context(test::kPskA);
  const auto server = psk_context(test::kPskB + test::kPskA);
  const Pair pair(client, server);
  ASSERT_EQ(pair.client->state(), TlsState::open) << pair.client->failure();
  ASSERT_EQ(pair.server->state(), TlsState::open) << pair.server->failure();
  EXPECT_EQ(pair.client->peer_name(), "studio");
  EXPECT_EQ(pair.server->peer_name(), "studio");
}

TEST(Tls, UnknownPskIdentityIsNamedOnBothEnds) {
  const auto client = psk_context(test::kPskA);
  const auto server = psk_context(test::kPskB);
  const Pair pair(client, server);
  EXPECT_EQ(pair.server->failure(),
            "pre-shared key identity 'studio' of 10.0.0.1:50000 is unknown");
  EXPECT_EQ(pair.client->failure(),
            "10.0.0.2:7443 does not know pre-shared key identity 'studio', or uses certificates");
}

TEST(Tls, WrongPskIsNamedOnBothEnds) {
  const auto client = psk_context(test::kPskA);
  const auto server = psk_context(test::kPskAOtherKey);
  const Pair pair(client, server);
  EXPECT_EQ(pair.server->failure(),
            "10.0.0.1:50000 has another key for pre-shared key identity 'studio'");
  EXPECT_EQ(pair.client->failure(),
            "10.0.0.2:7443 has another key for pre-shared key identity 'studio'");
}

TEST(Tls, KeysAndCertificatesDoNotMix) {
  const TestAuthority authority;
  const auto certificates = authority.context("stage-a");
  const auto keys = psk_context(test::kPskA);
  const Pair key_client(keys, certificates);
  EXPECT_EQ(key_client.client->failure(),
            "10.0.0.2:7443 authenticates with a certificate, this side with a pre-shared key");
  EXPECT_EQ(key_client.server->state(), TlsState::failed);
  const Pair certificate_client(certificates, keys);
  EXPECT_EQ(certificate_client.client->state(), TlsState::failed);
  EXPECT_EQ(certificate_client.server->state(), TlsState::failed);
}

TEST(Tls, ExportedSecretIsTheSameOnBothEndsAndDiffersByLabelAndConnection) {
  const TestAuthority authority;
  const auto context = authority.context("stage-a");
  const Pair pair(context, context);
  const Pair other(context, context);
  std::array<std::byte, 32> a{}, b{}, c{}, d{};
  ASSERT_TRUE(pair.client->export_secret("EXPORTER-usbgw", a));
  ASSERT_TRUE(pair.server->export_secret("EXPORTER-usbgw", b));
  ASSERT_TRUE(pair.server->export_secret("EXPORTER-other", c));
  ASSERT_TRUE(other.client->export_secret("EXPORTER-usbgw", d));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_NE(a, d);
}

TEST(Tls, NoSecretBeforeTheHandshake) {
  const TestAuthority authority;
  const auto context = authority.context("stage-a");
  const auto client = context.connect("", "peer");
  std::array<std::byte, 32> secret{};
  EXPECT_FALSE(client->export_secret("EXPORTER-usbgw", secret));
}

TEST(Tls, GoodbyeFinishesThePeer) {
  const TestAuthority authority;
  const auto context = authority.context("stage-a");
  const Pair pair(context, context);
  pair.client->finish();
  carry(*pair.client, *pair.server, 4096);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(pair.server->read(buffer), 0u);
  EXPECT_EQ(pair.server->state(), TlsState::finished);
}

TEST(Tls, AlteredRecordFails) {
  const TestAuthority authority;
  const auto context = authority.context("stage-a");
  const Pair pair(context, context);
  ASSERT_TRUE(pair.client->write(std::vector<std::byte>(100)));
  std::vector<std::byte> record(1000);
  record.resize(pair.client->take_output(record));
  record[50] ^= std::byte{1};
  pair.server->receive(record);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(pair.server->read(buffer), 0u);
  EXPECT_EQ(pair.server->state(), TlsState::failed);
}

TEST(Tls, GarbageIsNotTls) {
  const TestAuthority authority;
  const auto context = authority.context("stage-a");
  const auto server = context.accept("10.0.0.1:50000");
  const std::string_view request = "GET / HTTP/1.1\r\n\r\n";
  server->receive(std::as_bytes(std::span(request.data(), request.size())));
  EXPECT_EQ(server->state(), TlsState::failed);
  EXPECT_EQ(server->failure(), "10.0.0.1:50000 does not speak TLS 1.3 here");
}

TEST(TlsContext, FilesThatCannotBeUsedAreNamed) {
  const TestAuthority authority;
  const TemporaryFolder folder;
  const auto good = authority.issue("stage-a");

  auto missing = good;
  missing.certificate = folder.file("none.pem");
  EXPECT_NE(TlsContext::with_certificates(missing).error().context.find("none.pem"),
            std::string::npos);
  auto other_key = good;
  other_key.key = authority.issue("stage-b").key;
  EXPECT_NE(TlsContext::with_certificates(other_key).error().context.find("does not fit"),
            std::string::npos);
  auto open_key = good;
  open_key.key = folder.write(
      "open.key", crypto::issue_identity(authority.identity(), "x", test::valid_now())->key_pem,
      0644);
  EXPECT_NE(TlsContext::with_certificates(open_key).error().context.find("chmod 600"),
            std::string::npos);
  auto no_authority = good;
  no_authority.authority = folder.write("empty.pem", "");
  EXPECT_NE(TlsContext::with_certificates(no_authority).error().context.find("empty.pem"),
            std::string::npos);
}

}  // namespace
}  // namespace usbgw::crypto

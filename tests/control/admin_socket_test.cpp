// Server and client over a socket in a temporary folder.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "control/admin_client.h"
#include "control/admin_server.h"
#include "control/unix_socket.h"

namespace usbgw::control {
namespace {

using namespace std::chrono_literals;

// Keeps what is asked; the test answers.
class Handler : public AdminHandler {
 public:
  void list(AdminToken token, const ListRequest& request) override {
    tokens.push_back(token);
    lists.push_back(request);
  }
  void attach(AdminToken token, const AttachRequest& request) override {
    tokens.push_back(token);
    attaches.push_back(request);
  }
  void detach(AdminToken token, const DetachRequest&) override { tokens.push_back(token); }
  void status(AdminToken token, const StatusRequest&) override { tokens.push_back(token); }
  void withdraw(AdminToken token) override { withdrawn.push_back(token); }

  std::vector<AdminToken> tokens;
  std::vector<AdminToken> withdrawn;
  std::vector<ListRequest> lists;
  std::vector<AttachRequest> attaches;
};

class AdminSocket : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "usbgw-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/run/node.sock";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<AdminServer> listening() {
    auto server = AdminServer::listen(path_, handler_);
    EXPECT_TRUE(server) << server.error().context;
    return server ? std::move(*server) : nullptr;
  }

  // One turn when the server's descriptors say so, as a worker does.
  static void turn(AdminServer& server, int also_readable = -1) {
    std::vector<int> readable, writable;
    server.append_descriptors(readable);
    server.append_writable(writable);
    std::vector<pollfd> polls;
    for (const int one : readable) polls.push_back({one, POLLIN, 0});
    for (const int one : writable) polls.push_back({one, POLLOUT, 0});
    polls.push_back({also_readable, POLLIN, 0});
    if (server.next_deadline() > Instant{}) ::poll(polls.data(), polls.size(), -1);
    server.turn(Instant{});
  }

  // Asks from another thread while this one serves.
  Result<AdminReport> asked(AdminServer& server, const AdminRequest& request,
                            const std::function<void()>& serve) {
    Result<AdminReport> reply = AdminReport{};
    std::atomic<bool> done{false};
    const FileDescriptor ended(::eventfd(0, EFD_CLOEXEC));
    std::thread client([&] {
      reply = ask(path_, request, 60s);
      done = true;
      ::eventfd_write(ended.get(), 1);
    });
    while (handler_.tokens.empty() && !done) turn(server, ended.get());
    if (!handler_.tokens.empty()) serve();
    while (!done) turn(server, ended.get());  // sends the rest of a long answer
    client.join();
    return reply;
  }

  static void send_text(const FileDescriptor& socket, std::string_view text) {
    ASSERT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  static std::string receive_text(const FileDescriptor& socket) {
    std::string text(65536, '\0');
    const ssize_t got = ::recv(socket.get(), text.data(), text.size(), MSG_DONTWAIT);
    return text.substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
  }

  std::string folder_;
  std::string path_;
  Handler handler_;
};

TEST_F(AdminSocket, Request_ReachesTheHandlerAndItsAnswerTheClient) {
  const auto server = listening();
  const auto reply = asked(*server, AttachRequest{"1209:a101", "stage", {}}, [&] {
    server->answer(handler_.tokens[0], AttachReport{"stage", "1209:a101", "Mixer", 2});
  });
  ASSERT_TRUE(reply) << reply.error().context;
  EXPECT_EQ(std::get<AttachReport>(*reply).product, "Mixer");
  EXPECT_EQ(handler_.attaches[0].peer, "stage");
}

TEST_F(AdminSocket, LongAnswer_ArrivesWhole) {
  const auto server = listening();
  ListReport list;
  list.devices.resize(20000);
  list.devices[19999].device = "last";
  const auto reply =
      asked(*server, ListRequest{}, [&] { server->answer(handler_.tokens[0], AdminReport{list}); });
  ASSERT_TRUE(reply) << reply.error().context;
  EXPECT_EQ(std::get<ListReport>(*reply).devices.at(19999).device, "last");
}

TEST_F(AdminSocket, HandlersError_IsTheClientsError) {
  const auto server = listening();
  const auto reply = asked(*server, StatusRequest{}, [&] {
    server->fail(handler_.tokens[0], Error{ErrorCode::busy, "held by room 2"});
  });
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::busy);
}

TEST_F(AdminSocket, NobodyListens_SaysHowToStart) {
  const auto reply = ask(path_, StatusRequest{}, 1s);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().context,
            "no usbgw answers at " + path_ + ": start it with usbgw --config FILE");
}

TEST_F(AdminSocket, SilentServer_TimesOut) {
  const auto server = listening();
  const auto reply = ask(path_, StatusRequest{}, 1ms);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::timed_out);
}

TEST_F(AdminSocket, File_IsForTheUserAlone) {
  const auto server = listening();
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AdminSocket, SecondServer_IsToldThatOneIsThere) {
  const auto server = listening();
  const auto second = AdminServer::listen(path_, handler_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::busy);
  EXPECT_NE(second.error().context.find(path_ + ": another usbgw answers there"),
            std::string::npos);
}

TEST_F(AdminSocket, StaleFile_IsReplaced) {
  const auto left = listen_at(path_);
  ASSERT_TRUE(left);
  ::shutdown(left->get(), SHUT_RDWR);
  const auto server = listening();
  EXPECT_NE(server, nullptr);
}

TEST_F(AdminSocket, FileThatIsNoSocket_Stays) {
  std::filesystem::create_directories(folder_ + "/run");
  std::ofstream(path_) << "precious";
  const auto server = AdminServer::listen(path_, handler_);
  ASSERT_FALSE(server);
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(AdminSocket, End_RemovesTheFile) {
  listening().reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(AdminSocket, RequestWithoutEnd_IsRefusedAtTheLimit) {
  const auto server = listening();
  const auto client = connect_to(path_);
  ASSERT_TRUE(client);
  send_text(*client, std::string(kMaxAdminRequest + 1, 'x'));
  for (int i = 0; i < 3; ++i) server->turn(Instant{});
  EXPECT_NE(receive_text(*client).find("longer than 4096 bytes"), std::string::npos);
  EXPECT_TRUE(handler_.tokens.empty());
}

TEST_F(AdminSocket, ClientThatLeaves_WithdrawsItsRequestAndItsAnswerIsDropped) {
  const auto server = listening();
  {
    const auto client = connect_to(path_);
    ASSERT_TRUE(client);
    send_text(*client, encode(AdminRequest{ListRequest{}}) + "\n");
    server->turn(Instant{});
    ASSERT_EQ(handler_.tokens.size(), 1U);
  }
  EXPECT_TRUE(handler_.withdrawn.empty());
  server->turn(Instant{});
  EXPECT_EQ(handler_.withdrawn, handler_.tokens);
  server->answer(handler_.tokens[0], ListReport{});
  std::vector<int> descriptors;
  server->append_descriptors(descriptors);
  EXPECT_EQ(descriptors.size(), 1U);
}

TEST_F(AdminSocket, ClientThatLeavesWithItsAnswer_WithdrawsNothing) {
  const auto server = listening();
  {
    const auto client = connect_to(path_);
    ASSERT_TRUE(client);
    send_text(*client, encode(AdminRequest{ListRequest{}}) + "\n");
    server->turn(Instant{});
    server->answer(handler_.tokens.at(0), ListReport{});
  }
  server->turn(Instant{});
  EXPECT_TRUE(handler_.withdrawn.empty());
}

TEST_F(AdminSocket, SilentClient_IsClosedAfterTenSeconds) {
  const auto server = listening();
  const auto client = connect_to(path_);
  ASSERT_TRUE(client);
  server->turn(Instant{});
  EXPECT_EQ(server->next_deadline(), Instant{10s});
  server->turn(Instant{10s});
  EXPECT_EQ(server->next_deadline(), kNever);
}

TEST_F(AdminSocket, WaitingClient_IsNotClosedHoweverLongItTakes) {
  const auto server = listening();
  const auto client = connect_to(path_);
  ASSERT_TRUE(client);
  send_text(*client, encode(AdminRequest{ListRequest{}}) + "\n");
  server->turn(Instant{});
  server->turn(Instant{1h});
  server->answer(handler_.tokens.at(0), ListReport{});
  EXPECT_NE(receive_text(*client), "");
}

TEST_F(AdminSocket, TwoRequestsAtOnce_AreAnsweredInOrder) {
  const auto server = listening();
  const auto client = connect_to(path_);
  ASSERT_TRUE(client);
  send_text(*client, encode(AdminRequest{ListRequest{"a"}}) + "\n" +
                         encode(AdminRequest{ListRequest{"b"}}) + "\n");
  server->turn(Instant{});
  ASSERT_EQ(handler_.lists.size(), 1U);
  server->answer(handler_.tokens[0], ListReport{});
  EXPECT_EQ(server->next_deadline(), Instant{});
  server->turn(Instant{});
  ASSERT_EQ(handler_.lists.size(), 2U);
  EXPECT_EQ(handler_.lists[1].peer, "b");
}

TEST_F(AdminSocket, NonsenseLine_IsAnsweredWithAnError) {
  const auto server = listening();
  const auto client = connect_to(path_);
  ASSERT_TRUE(client);
  send_text(*client, "GET / HTTP/1.0\n");
  server->turn(Instant{});
  EXPECT_NE(receive_text(*client).find("not a JSON object"), std::string::npos);
}

}  // namespace
}  // namespace usbgw::control

// Requests of people on the admin socket of a host, and what it does and answers.
#include "node/node_control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "control/unix_socket.h"
#include "tests/node/host_bench.h"
#include "tests/tls_files.h"

namespace usbgw::node {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr const char* kDevice = "1209:a102:0001";

// A command that has asked and waits for its answer.
class Command {
 public:
  Command(const std::string& socket, const control::AdminRequest& request)
      : socket_(std::move(*control::connect_to(socket))) {
    const std::string line = control::encode(request) + "\n";
    EXPECT_EQ(::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(line.size()));
  }
  // Nothing has come: an empty line.
  [[nodiscard]] std::string answer() const {
    std::string line(65536, '\0');
    const ssize_t got = ::recv(socket_.get(), line.data(), line.size(), MSG_DONTWAIT);
    line.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return line;
  }
  // The answer or the text of the error.
  template <class Report>
  [[nodiscard]] Result<Report> report() const {
    return control::decode_reply(answer()).map(
        [](const control::AdminReport& any) { return std::get<Report>(any); });
  }

 private:
  control::FileDescriptor socket_;
};

struct HostCommands : testing::Test {
  HostCommands() {
    control.answer_through(*server);
    bench.also = {&control, server.get()};
  }
  // Asks, and lets the host do what it can by then.
  std::unique_ptr<Command> ask(const control::AdminRequest& request) {
    auto command = std::make_unique<Command>(folder.file("room.sock"), request);
    bench.run();
    return command;
  }

  // The agent is gone, and its machine says so.
  void lose_agent() {
    bench.unreachable = "10.20.0.1:7443: Connection refused";
    bench.agent().hang_up();
    bench.run_for(1s);
  }

  HostBench bench;
  test::TemporaryFolder folder;
  NodeControl control{NodeDescription{}, {}, nullptr, &bench.host()};
  std::unique_ptr<control::AdminServer> server =
      control::AdminServer::listen(folder.file("room.sock"), control).value();
};

TEST_F(HostCommands, AttachIsAnsweredWhenTheDeviceIsThere) {
  const auto attach = ask(control::AttachRequest{kDevice, "", {}, 0});
  EXPECT_EQ(attach->answer(), "");
  bench.grant(AttachmentId{1}, kDevice);
  const auto report = attach->report<control::AttachReport>();
  ASSERT_TRUE(report) << report.error().context;
  EXPECT_EQ(report->device, kDevice);
  EXPECT_EQ(report->peer, "stage");
}

TEST_F(HostCommands, AttachWhoseCommandHasEndedIsTakenBackWhenItIsGranted) {
  ask(control::AttachRequest{kDevice, "", {}, 0}).reset();
  bench.run();
  bench.grant(AttachmentId{1}, kDevice);
  EXPECT_EQ(bench.attachments(), Lines{});
  EXPECT_EQ(bench.ports.used(), 0u);
  EXPECT_EQ(bench.agent().count<wire::Detach>(), 1u);
  EXPECT_TRUE(bench.log.has("1209:a102:0001 of stage is not wanted any more"));
}

// UDP is filtered on the way: the device comes up silent.
TEST_F(HostCommands, DatagramsThatNeverComeBackAreSaidOnce) {
  ask(control::AttachRequest{kDevice, "", {}, 0}).reset();
  bench.run_for(4s);
  EXPECT_EQ(bench.log.count("our datagrams to stage are not answered"), 0);
  bench.run_for(4s);
  EXPECT_EQ(bench.log.count("our datagrams to stage are not answered"), 1);
}

TEST_F(HostCommands, AttachmentThatIsThereOutlivesItsCommand) {
  auto attach = ask(control::AttachRequest{kDevice, "", {}, 0});
  bench.grant(AttachmentId{1}, kDevice);
  attach.reset();
  bench.run();
  EXPECT_EQ(bench.attachments(), Lines{"1209:a102:0001 live"});
}

TEST_F(HostCommands, AttachFromAPeerThatIsNotConnectedIsRefusedAtOnceAndSaysWhy) {
  lose_agent();
  const auto attach = ask(control::AttachRequest{kDevice, "", {}, 0});
  const auto report = attach->report<control::AttachReport>();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::disconnected);
  EXPECT_EQ(
      report.error().context,
      "stage (10.20.0.1:7443) is not connected: 10.20.0.1:7443: Connection refused; check that "
      "usbgw runs there and that the network lets TCP to it through");
  EXPECT_EQ(bench.attachments(), Lines{});
}

TEST_F(HostCommands, AttachThatWaitsGetsTheDeviceOfAPeerThatComesBack) {
  lose_agent();
  const auto attach = ask(control::AttachRequest{kDevice, "", {}, 30});
  bench.unreachable.clear();
  bench.run_for(10s);
  bench.grant(AttachmentId{1}, kDevice);
  EXPECT_TRUE(attach->report<control::AttachReport>());
}

TEST_F(HostCommands, AttachThatHasWaitedLongEnoughIsRefused) {
  lose_agent();
  const auto attach = ask(control::AttachRequest{kDevice, "", {}, 30});
  bench.run_for(29s);
  EXPECT_EQ(attach->answer(), "");
  bench.run_for(1s);
  const auto report = attach->report<control::AttachReport>();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().context.substr(0, 55),
            "stage (10.20.0.1:7443) is not connected after 30 s: 10.");
  EXPECT_EQ(bench.attachments(), Lines{});
}

TEST_F(HostCommands, StatusHasNoNumberForWhatIsNotKnownYet) {
  const auto attach = ask(control::AttachRequest{kDevice, "", {}, 0});
  const auto report = ask(control::StatusRequest{})->report<control::StatusReport>();
  ASSERT_TRUE(report) << report.error().context;
  EXPECT_EQ(report->peers.at(0).state, "open");
  EXPECT_FALSE(report->peers.at(0).round_trip_min_ns);
  EXPECT_FALSE(report->peers.at(0).jitter_ns);
  EXPECT_EQ(report->attachments.at(0).state, "requested");
  EXPECT_FALSE(report->attachments.at(0).speed);
  EXPECT_NE(control::to_json_text(*report).find("\"round_trip_min_ns\": null"), std::string::npos);
  bench.grant(AttachmentId{1}, kDevice);
  const auto later = ask(control::StatusRequest{})->report<control::StatusReport>();
  EXPECT_EQ(later->attachments.at(0).speed, "full");
}

// Two commands end the same attachment, and the first forgets it.
TEST_F(HostCommands, EveryDetachNamesWhatItDetached) {
  bench.attach_as(AttachmentId{1}, kDevice);
  const Command first(folder.file("room.sock"), control::DetachRequest{kDevice, ""});
  const Command second(folder.file("room.sock"), control::DetachRequest{kDevice, ""});
  bench.run();
  for (const Command* command : {&first, &second}) {
    const auto report = command->report<control::DetachReport>();
    ASSERT_TRUE(report) << report.error().context;
    EXPECT_EQ(report->device, kDevice);
    EXPECT_EQ(report->peer, "stage");
  }
}

}  // namespace
}  // namespace usbgw::node

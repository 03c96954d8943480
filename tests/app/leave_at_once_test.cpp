#include "app/leave_at_once.h"

#include <semaphore>

#include "app/config_command.h"
#include "app/node_runtime.h"
#include "app/spdlog_log.h"
#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

// A vhci_hcd whose attach file does not come back from the kernel.
class StuckPorts final : public host::VhciPorts {
 public:
  Result<Attached> attach(Speed, std::optional<host::VhciPort>) override {
    is_stuck.release();
    never_.acquire();
    return fail(ErrorCode::io, "not reached");
  }
  [[nodiscard]] Result<host::VhciPortState> state(host::VhciPort) const override {
    return host::VhciPortState::free;
  }
  Result<void> detach(host::VhciPort) override { return {}; }
  [[nodiscard]] Result<std::vector<host::VhciPortStatus>> list() const override {
    return std::vector<host::VhciPortStatus>{};
  }
  std::counting_semaphore<> is_stuck{0};

 private:
  std::counting_semaphore<> never_{0};
};

class LeaveAtOnce : public ScratchFolder {
 protected:
  void SetUp() override {
    // A fork, so that it works in this test's folder.
    GTEST_FLAG_SET(death_test_style, "fast");
    ScratchFolder::SetUp();
  }
  [[nodiscard]] std::string content(const std::string& path) const {
    std::ifstream file(root_ + path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

[[noreturn]] void log_and_leave(const std::string& folder) {
  const auto log = open_log(LogLevel::debug, folder + "/n.log");
  (*log)->debug("kept back");
  leave_at_once({ErrorCode::timed_out, "a device was not given back"}, folder + "/n.sock", **log);
}

TEST_F(LeaveAtOnce, SaysWhyWritesTheLogAndRemovesTheSocket) {
  write("/n.sock", "");
  EXPECT_EXIT(log_and_leave(root_), testing::ExitedWithCode(1),
              "usbgw: a device was not given back\n");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/n.sock"));
  const std::string log = content("/n.log");
  EXPECT_NE(log.find("debug kept back\n"), std::string::npos) << log;
  EXPECT_NE(log.find("error a device was not given back\n"), std::string::npos) << log;
}

// Joining the stuck worker, or destroying what it holds, would never end.
[[noreturn]] void stop_while_stuck(const std::string& folder) {
  auto document = load_config(USBGW_SOURCE_ROOT "/config/demo.toml");
  document->admin.socket.value = folder + "/n.sock";
  document->workers.realtime.value = 0;
  NullLog log;
  StuckPorts ports;
  auto runtime = NodeRuntime::make(*document, log, {&ports, nullptr});
  if (!runtime) leave_at_once({ErrorCode::io, "not made: " + runtime.error().context}, {}, log);
  (*runtime)->start();
  ports.is_stuck.acquire();
  if (!std::filesystem::exists(folder + "/n.sock"))
    leave_at_once({ErrorCode::io, "no socket"}, {}, log);
  if ((*runtime)->stop(Duration{})) leave_at_once({ErrorCode::io, "it stopped"}, {}, log);
  leave_at_once({ErrorCode::timed_out, "a device was not given back"}, folder + "/n.sock", log);
}

TEST_F(LeaveAtOnce, WorkerThatIsStuckInTheKernel_IsNotWaitedFor) {
  EXPECT_EXIT(stop_while_stuck(root_), testing::ExitedWithCode(1),
              "usbgw: a device was not given back\n");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/n.sock"));
}

}  // namespace
}  // namespace usbgw::app

#include "app/doctor_timing.h"

#include "tests/app/kernel_stat.h"
#include "tests/app/scratch_folder.h"

namespace usbgw::app {
namespace {

class DoctorTiming : public ScratchFolder {
 protected:
  static config::WorkersSection pinned(std::uint16_t packet, std::uint16_t usb) {
    config::WorkersSection workers;
    workers.packet_core = config::Value<std::uint16_t>{packet, {}};
    workers.usb_core = config::Value<std::uint16_t>{usb, {}};
    return workers;
  }
};

TEST_F(DoctorTiming, Kernel_SaysWhetherItIsFullyPreemptible) {
  EXPECT_NE(check_kernel(root_, "6.1", "#1 SMP PREEMPT_DYNAMIC").text.find("not PREEMPT_RT"),
            std::string::npos);
  EXPECT_EQ(check_kernel(root_, "6.1-rt", "#1 SMP PREEMPT_RT").text,
            "6.1-rt, PREEMPT_RT: fully preemptible");
  write("/sys/kernel/realtime", "1\n");
  EXPECT_EQ(check_kernel(root_, "6.1", "#1 SMP").text, "6.1, PREEMPT_RT: fully preemptible");
}

TEST_F(DoctorTiming, SoftirqThreadsOfPreemptRt_ComeBeforeTheWorkers) {
  const auto thread = [&](int pid, const std::string& name, int priority) {
    write("/proc/" + std::to_string(pid) + "/stat", kernel_stat(name, kFlagsOfKernel, priority));
  };
  thread(12, "ksoftirqd/0", 60);
  thread(13, "ktimers/0", 1);
  thread(14, "kthreadd", 0);
  config::WorkersSection workers;
  workers.realtime.value = 50;
  EXPECT_FALSE(check_softirq_threads(root_, "#1 SMP PREEMPT_DYNAMIC", &workers));
  const auto low = check_softirq_threads(root_, "#1 SMP PREEMPT_RT", &workers);
  ASSERT_TRUE(low);
  EXPECT_EQ(low->verdict, Verdict::poor);
  EXPECT_TRUE(low->text.starts_with("priority 1 (ktimers/0)")) << low->text;
  EXPECT_NE(low->text.find("chrt -f -p 51"), std::string::npos) << low->text;
  thread(13, "ktimers/0", 51);
  EXPECT_EQ(check_softirq_threads(root_, "#1 SMP PREEMPT_RT", &workers)->verdict, Verdict::good);
}

TEST_F(DoctorTiming, PinnedWorkers_WantCoresOfTheirOwn) {
  const auto workers = pinned(2, 5);
  EXPECT_EQ(check_isolated_cpus(root_, &workers).verdict, Verdict::poor);
  write("/sys/devices/system/cpu/isolated", "2-3\n");
  const Finding partly = check_isolated_cpus(root_, &workers);
  EXPECT_EQ(partly.verdict, Verdict::poor);
  EXPECT_NE(partly.text.find("boot with isolcpus=5"), std::string::npos) << partly.text;
  write("/sys/devices/system/cpu/isolated", "1-3,5\n");
  EXPECT_EQ(check_isolated_cpus(root_, &workers).verdict, Verdict::good);
  EXPECT_EQ(check_isolated_cpus(root_, nullptr).text,
            "1-3,5, and no worker is there; set workers.packet_core and usb_core");
}

TEST_F(DoctorTiming, NoIsolatedCpus_IsNoFaultWhereNobodyIsPinned) {
  write("/sys/devices/system/cpu/isolated", "\n");
  EXPECT_EQ(check_isolated_cpus(root_, nullptr).verdict, Verdict::good);
}

TEST_F(DoctorTiming, RealtimeLimit_StopsOnlyBusyWorkers) {
  write("/proc/sys/kernel/sched_rt_period_us", "1000000\n");
  write("/proc/sys/kernel/sched_rt_runtime_us", "950000\n");
  config::WorkersSection workers;
  workers.realtime.value = 50;
  EXPECT_EQ(check_realtime_limit(root_, &workers).verdict, Verdict::good);
  workers.idle.value = config::Idle::busy;
  const Finding finding = check_realtime_limit(root_, &workers);
  EXPECT_EQ(finding.verdict, Verdict::poor);
  EXPECT_EQ(finding.cost, std::chrono::milliseconds(50));
  write("/proc/sys/kernel/sched_rt_runtime_us", "-1\n");
  EXPECT_EQ(check_realtime_limit(root_, &workers).text, "none");
}

TEST_F(DoctorTiming, StealTime_IsTheHypervisorsShare) {
  write("/proc/stat", "cpu  100 0 50 800 0 0 10 40 7 0\ncpu0 100 0 50 800 0 0 10 40 7 0\n");
  const CpuTicks ticks = read_cpu_ticks(root_);
  EXPECT_EQ(ticks.all, 1000u);
  EXPECT_EQ(ticks.stolen, 40u);
  const Finding finding = judge_steal({0, 0}, ticks);
  EXPECT_EQ(finding.verdict, Verdict::poor);
  EXPECT_EQ(finding.text.substr(0, 37), "4.0 % just now, 4.0 % since boot: a h");
  EXPECT_NE(finding.text.find("took 40 ms of a CPU's second"), std::string::npos) << finding.text;
  EXPECT_EQ(judge_steal({500, 1}, {1000, 1}).verdict, Verdict::good);
  EXPECT_EQ(judge_steal({}, {}).verdict, Verdict::good);
}

TEST_F(DoctorTiming, LateWakeUps_ArePoorAboveAQuarterOfTheMargin) {
  Lateness lateness;
  for (int i = 0; i < 100; ++i) lateness.record(60'000);
  EXPECT_EQ(judge_lateness(lateness, false).verdict, Verdict::good);
  EXPECT_EQ(judge_lateness(lateness, false).cost, std::chrono::microseconds(60));
  for (int i = 0; i < 100; ++i) lateness.record(900'000);
  const Finding finding = judge_lateness(lateness, false);
  EXPECT_EQ(finding.verdict, Verdict::poor);
  EXPECT_NE(finding.text.find("100 to 100 us, 100 to 1000 us"), std::string::npos) << finding.text;
}

TEST(Lateness, Bars_HoldEveryWakeUpOnce) {
  Lateness lateness;
  for (const std::int64_t late : {0, 10'000, 10'001, 10'000'000, 10'000'001, 99'000'000})
    lateness.record(late);
  const auto bars = lateness.bars();
  ASSERT_EQ(bars.size(), 4u);
  EXPECT_EQ(bars[0].up_to, 10'000);
  EXPECT_EQ(bars[0].count, 2u);
  EXPECT_EQ(bars[1].up_to, 20'000);
  EXPECT_EQ(bars[1].count, 1u);
  EXPECT_EQ(bars[2].up_to, 10'000'000);
  EXPECT_EQ(bars[2].count, 1u);
  EXPECT_EQ(bars[3].up_to, 0);
  EXPECT_EQ(bars[3].count, 2u);
}

}  // namespace
}  // namespace usbgw::app

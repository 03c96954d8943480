#include "app/demo_command.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "app/config_command.h"
#include "app/demo_program.h"
#include "app/demo_report.h"
#include "app/leave_at_once.h"
#include "app/node_runtime.h"
#include "app/spdlog_log.h"
#include "control/admin_client.h"
#include "simulation/audio_driver_model.h"
#include "simulation/vhci_model.h"
#include "usbside/host/vhci_controller.h"

namespace usbgw::app {
namespace {

constexpr Duration kLength = std::chrono::seconds(10);      // without --seconds
constexpr Duration kWatchedLength = std::chrono::hours(1);  // where a person plays and listens
constexpr double kLook = 0.1;                               // seconds between two looks at the node
constexpr double kStartLimit = 15;                          // until the device must be there
constexpr double kTail = 0.5;                               // for what is still on its way
constexpr Duration kStopLimit = std::chrono::seconds(10);
constexpr Duration kPatience = std::chrono::seconds(2);

constexpr std::string_view kLoopback = "loopback";  // sends back what it is played

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// From here, from beside the program's build, or installed.
Result<std::string> find_config(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  for (const std::filesystem::path& candidate :
       {std::filesystem::path("config/demo.toml"), program.parent_path() / "../../config/demo.toml",
        program.parent_path() / "../share/usbgw/demo.toml",
        std::filesystem::path("/etc/usbgw/demo.toml")}) {
    if (std::filesystem::exists(candidate, ignored)) return candidate.string();
  }
  return fail(ErrorCode::not_found, "no config/demo.toml here; name one with --config");
}

std::string to_text(const Comparison& comparison, std::uint32_t rate) {
  char text[128];
  std::snprintf(text, sizeof text,
                "%zu of %zu frames as played, %zu not, %zu slips, %.1f ms behind",
                comparison.compared_frames - comparison.different_frames,
                comparison.compared_frames, comparison.different_frames, comparison.slips,
                1000.0 * static_cast<double>(comparison.lag_frames) / rate);
  return text;
}

// The demo's driver is one, and plays: a file of another kind is refused before anything starts.
Result<void> check_demo(const config::Document& document) {
  if (!document.uses_ring()) {
    return fail(ErrorCode::invalid_argument,
                document.dataplane.port.at.to_string() +
                    ": the demo runs agent and host in one process; its port is \"ring\"");
  }
  if (document.attaches.size() != 1) {
    return fail(ErrorCode::invalid_argument,
                document.file +
                    ": the demo needs one [[attach]], of an audio device; this file "
                    "has " +
                    std::to_string(document.attaches.size()));
  }
  const auto& device = document.attaches.front().device;
  const std::string& name = device->software;
  if (!device->is_software() || name == kLoopback || name.starts_with("uac")) return {};
  return fail(ErrorCode::invalid_argument, device.at.to_string() + ": the demo plays audio, and " +
                                               device->to_string() +
                                               " is no audio device; attach software:loopback");
}

class Interrupt {
 public:
  Interrupt() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // Sleeps; true when the person at the keyboard has had enough.
  [[nodiscard]] bool wait(double seconds) const {
    timespec timeout{};
    timeout.tv_sec = static_cast<time_t>(seconds);
    timeout.tv_nsec = static_cast<long>((seconds - static_cast<double>(timeout.tv_sec)) * 1e9);
    return sigtimedwait(&signals_, nullptr, &timeout) > 0;
  }

 private:
  sigset_t signals_{};
};

// What plays and records in place of the kernel's driver and two programs.
struct Model {
  Model(Sound sound_in, double seconds)
      : sound(std::move(sound_in)), program(sound, seconds), driver(pcm(), program) {}
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  static simulation::PcmSettings pcm() {
    simulation::PcmSettings settings;
    settings.period_frames = 480;
    settings.periods = 4;
    return settings;
  }

  const Sound sound;
  DemoProgram program;
  simulation::AudioDriverModel driver;
  simulation::VhciModel ports{
      [this](host::VhciPort) -> simulation::DriverModel& { return driver; }};
};

class Demo {
 public:
  Demo(const DemoOptions& options, config::Document document, Log& log)
      : options_(options), document_(std::move(document)), log_(log) {}
  ~Demo() { stop(); }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  [[nodiscard]] Result<int> run();

 private:
  [[nodiscard]] Result<int> run_with_kernel();
  [[nodiscard]] Result<int> run_with_model();
  [[nodiscard]] Result<control::StatusReport> status() const;
  [[nodiscard]] Result<void> wait_until_live();
  // Looks until `is_done` or the time is over; false: interrupted.
  template <class Done>
  bool watch(double limit, Done is_done);
  void show(const DemoSample& sample) const;
  // Everything is given back, or that took too long and the process ends here. A second call does
  // nothing.
  void stop();
  [[nodiscard]] Result<int> finish();
  // How the recording relates to what was played, in words; says whether it is a copy.
  [[nodiscard]] Result<bool> judge(std::string& words) const;

  const DemoOptions& options_;
  config::Document document_;
  Log& log_;
  Interrupt interrupt_;
  std::unique_ptr<Model> model_;  // outlives the workers that turn it
  std::unique_ptr<NodeRuntime> runtime_;
  std::vector<DemoSample> samples_;
  bool is_interrupted_ = false;
  bool is_stopped_ = false;
};

Result<int> Demo::run() {
  if (auto fits = check_demo(document_); !fits) return tl::unexpected(fits.error());
  std::error_code error;
  std::filesystem::create_directories(options_.output, error);
  if (error) return fail(ErrorCode::io, options_.output + ": " + error.message());
  if (options_.use_kernel && geteuid() == 0 && host::VhciController::open()) {
    return run_with_kernel();
  }
  return run_with_model();
}

Result<control::StatusReport> Demo::status() const {
  auto report = control::ask(*document_.admin.socket, control::StatusRequest{}, kPatience);
  if (!report) return tl::unexpected(report.error());
  if (auto* status = std::get_if<control::StatusReport>(&*report)) return std::move(*status);
  return fail(ErrorCode::protocol, "the node did not answer with its status");
}

Result<void> Demo::wait_until_live() {
  const std::string device = document_.attaches.front().device->to_string();
  std::string missing;
  for (double waited = 0; waited < kStartLimit; waited += kLook) {
    if (interrupt_.wait(kLook)) {
      return fail(ErrorCode::refused, "demo: interrupted before the device was there");
    }
    const auto now = status();
    if (!now) {  // a busy machine: the next answer may come in time
      missing = now.error().context;
      waited += in_seconds(kPatience);
      continue;
    }
    missing = what_is_missing(*now);
    if (auto audio = check_audio(*now, device); !audio) return audio;
    if (missing.empty()) return {};
  }
  return fail(ErrorCode::timed_out, "demo: " + device + " did not come up in " +
                                        std::to_string(static_cast<int>(kStartLimit)) +
                                        " s: " + missing);
}

void Demo::show(const DemoSample& sample) const {
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  const bool is_whole_second = samples_.size() % 10 == 0;
  if (is_terminal) {
    std::printf("\r%s ", live_line(sample).c_str());
  } else if (is_whole_second) {
    std::printf("%s\n", live_line(sample).c_str());
  }
  std::fflush(stdout);
}

template <class Done>
bool Demo::watch(double limit, Done is_done) {
  for (double seconds = 0; seconds < limit && !is_done(); seconds += kLook) {
    if (interrupt_.wait(kLook)) return false;
    const auto now = status();
    if (!now) continue;
    samples_.push_back(sample_of(*now, seconds + kLook, runtime_->impairments().lost));
    show(samples_.back());
  }
  return true;
}

void Demo::stop() {
  if (runtime_ == nullptr || is_stopped_) return;
  is_stopped_ = true;
  if (runtime_->stop(kStopLimit)) return;
  leave_at_once({ErrorCode::timed_out,
                 "demo: the device was not given back within 10 s: the kernel takes it back now"},
                *document_.admin.socket, log_);
}

Result<int> Demo::run_with_kernel() {
  auto made = NodeRuntime::make(document_, log_, {});
  if (!made) return tl::unexpected(made.error());
  runtime_ = std::move(*made);
  runtime_->start();
  if (auto live = wait_until_live(); !live) return tl::unexpected(live.error());
  const std::string wav =
      options_.wav.empty() ? "/usr/share/sounds/alsa/Front_Center.wav" : options_.wav;
  const Duration usual = isatty(STDIN_FILENO) != 0 ? kWatchedLength : kLength;
  const double seconds = in_seconds(options_.length.value_or(usual));
  std::printf("%s\n", kernel_text(wav, seconds, document_).c_str());
  std::fflush(stdout);
  static_cast<void>(watch(seconds, [] { return false; }));
  return finish();
}

Result<int> Demo::run_with_model() {
  const double seconds = in_seconds(options_.length.value_or(kLength));
  auto sound = load_sound(options_.wav, seconds);
  if (!sound) return tl::unexpected(sound.error());
  model_ = std::make_unique<Model>(std::move(*sound), seconds + 5);
  auto made = NodeRuntime::make(document_, log_, {&model_->ports, &model_->ports});
  if (!made) return tl::unexpected(made.error());
  runtime_ = std::move(*made);
  std::printf("%s\n", model_text(model_->sound.name, seconds, document_).c_str());
  std::fflush(stdout);
  runtime_->start();
  if (auto live = wait_until_live(); !live) return tl::unexpected(live.error());
  is_interrupted_ = !watch(seconds + 10, [&] { return model_->program.has_played_all(); });
  if (!is_interrupted_) static_cast<void>(interrupt_.wait(kTail));
  return finish();
}

Result<bool> Demo::judge(std::string& words) const {
  const Sound recording = model_->program.recording();
  const std::string wav = options_.output + "/recording.wav";
  if (auto saved = save_wav(recording, wav); !saved) return tl::unexpected(saved.error());
  std::printf("recording  %s\n", wav.c_str());
  if (document_.attaches.front().device->software != kLoopback) {
    words = "nothing was compared: only software:loopback sends back what it is played";
    return true;
  }
  const auto comparison =
      is_interrupted_ ? compare_begun(model_->sound, recording) : compare(model_->sound, recording);
  words = comparison ? to_text(*comparison, model_->sound.rate)
                     : "the recording is not what was played";
  return comparison.has_value();
}

Result<int> Demo::finish() {
  if (isatty(STDOUT_FILENO) != 0) std::printf("\n");
  const simulation::ImpairmentCounts counts = runtime_->impairments();
  const control::StatusReport status = this->status().value_or(control::StatusReport{});
  stop();
  const auto plot = write_plot(samples_, options_.output, link_text(document_.impairment));
  if (!plot) return tl::unexpected(plot.error());
  std::string heard = "nothing was compared";
  bool is_alike = true;
  if (model_ != nullptr) {
    const auto judged = judge(heard);
    if (!judged) return tl::unexpected(judged.error());
    is_alike = *judged;
  }
  std::printf("plot       %s\n", plot->c_str());
  for (const std::string& line : runtime_->worker_records())
    std::printf("machine    %s\n", line.c_str());
  const DemoSample last = samples_.empty() ? DemoSample{} : samples_.back();
  std::printf(
      "demo: %s%s; latency p50 %.2f p99 %.2f max %.2f ms; %s, %llu "
      "sources repaired, %llu of %llu intervals concealed\n",
      is_interrupted_ ? "interrupted; " : "", heard.c_str(), last.in_p50_ms, last.in_p99_ms,
      last.in_max_ms, counts_text(counts, status).c_str(),
      static_cast<unsigned long long>(last.repaired),
      static_cast<unsigned long long>(last.concealed),
      static_cast<unsigned long long>(last.intervals));
  return is_alike && !is_interrupted_ ? 0 : 1;
}

}  // namespace

Result<int> run_demo(const DemoOptions& options) {
  const auto file = find_config(options.config);
  if (!file) return tl::unexpected(file.error());
  auto document = load_config(*file);
  if (!document) return tl::unexpected(document.error());
  if (options.is_virtual) {
    if (auto fits = check_demo(*document); !fits) return tl::unexpected(fits.error());
    return run_virtual_demo(*document, options.virtual_demo);
  }
  auto log = open_log(LogLevel::warning, "");
  if (!log) return tl::unexpected(log.error());
  return Demo(options, std::move(*document), **log).run();
}

}  // namespace usbgw::app

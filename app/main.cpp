// The command line. Each command is one function that takes plain options; main() finds out which
// one is meant, runs it, and turns its error into lines on standard error and an exit status:
// 0 done, 1 failed, 2 wrong usage or configuration.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include "app/admin_commands.h"
#include "app/config_command.h"
#include "app/demo_command.h"
#include "app/doctor_command.h"
#include "app/keys_command.h"
#include "app/plan_command.h"
#include "app/softdevice_command.h"
#include "config/device_selector.h"
#include "config/spelling.h"
#include "usbside/device/software/catalogue.h"

namespace usbgw::app {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr std::uint64_t kMostSeeds = 10'000;

using Chosen = std::function<Result<int>()>;

// Everything that options are parsed into.
struct CommandLine {
  std::string config;
  bool check = false;
  AdminOptions admin;
  DoctorOptions doctor;
  DemoOptions demo;
  std::optional<double> demo_seconds;
  std::optional<double> demo_playout_ms;
  std::string demo_seeds;
  KeysOptions keys;
  PlanOptions plan;
  SoftdeviceOptions softdevice;
  double softdevice_seconds = 0;
  double softdevice_grid_us = 0;
  double softdevice_script_delay = 2;
  double softdevice_settling = 0;
  std::string softdevice_fault;
  Chosen chosen;
};

CLI::App* add_admin_command(CLI::App& app, CommandLine& line, const char* name, const char* help,
                            Result<int> (*run)(const AdminOptions&)) {
  CLI::App* command = app.add_subcommand(name, help);
  AdminOptions& options = line.admin;
  command->add_option("--socket", options.socket, "Admin socket of the running usbgw")
      ->type_name("PATH");
  command->add_option("--config", options.config, "Configuration of the running usbgw")
      ->type_name("FILE");
  command->add_flag("--json", options.json, "Print JSON");
  command->callback([&line, run] { line.chosen = [&line, run] { return run(line.admin); }; });
  return command;
}

void add_admin_commands(CLI::App& app, CommandLine& line) {
  AdminOptions& options = line.admin;
  CLI::App* list = add_admin_command(app, line, "list", "Devices that can be attached", run_list);
  list->add_option("--peer", options.peer, "Only those of this peer")->type_name("NAME");
  CLI::App* attach =
      add_admin_command(app, line, "attach", "Use a remote device as if it were local", run_attach);
  CLI::App* detach = add_admin_command(app, line, "detach", "Give a device back", run_detach);
  for (CLI::App* command : {attach, detach}) {
    command->add_option("device", options.device, "VID:PID, VID:PID:SERIAL or software:NAME")
        ->required()
        ->type_name("");
    command->add_option("--peer", options.peer, "The agent that offers it")->type_name("NAME");
  }
  attach->add_option("--vhci-port", options.vhci_port, "This port instead of a free one")
      ->type_name("N");
  attach->add_option("--wait", options.wait_s, "For its agent to be connected; 0: not at all")
      ->check(CLI::Range(0, 86400))
      ->type_name("S");
  add_admin_command(app, line, "status", "Streams, latencies, losses, peers", run_status);
}

void add_doctor(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("doctor", "What this machine offers, and what each lack costs");
  command->add_option("--config", line.doctor.config, "Look at its port and roles too")
      ->type_name("FILE");
  command->add_flag("--json", line.doctor.json, "Print JSON");
  command->callback([&line] { line.chosen = [&line] { return run_doctor(line.doctor); }; });
}

// "3" or "1-20"; nothing when it is neither.
std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_seeds(const std::string& text) {
  std::pair<std::uint64_t, std::uint64_t> seeds{};
  const char* const end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, seeds.first);
  if (error != std::errc{}) return std::nullopt;
  seeds.second = seeds.first;
  if (rest != end && *rest == '-') {
    const auto last = std::from_chars(rest + 1, end, seeds.second);
    if (last.ec != std::errc{}) return std::nullopt;
    rest = last.ptr;
  }
  const bool is_range = rest == end && seeds.first <= seeds.second;
  return is_range && seeds.second - seeds.first < kMostSeeds ? std::optional(seeds) : std::nullopt;
}

void add_virtual_demo(CLI::App& command, CommandLine& line) {
  VirtualDemoOptions& options = line.demo.virtual_demo;
  CLI::Option* is_virtual =
      command.add_flag("--virtual", line.demo.is_virtual,
                       "In simulation, under virtual time, with seeds; 60 s of each");
  const auto only_virtual = [&](CLI::Option* option) { option->needs(is_virtual); };
  only_virtual(command.add_option("--seeds", line.demo_seeds, "Virtual: as in 7 or 1-20")
                   ->check([](const std::string& text) {
                     return parse_seeds(text) ? std::string()
                                              : std::string("allowed: a seed, or a range as 1-20");
                   })
                   ->type_name("RANGE"));
  only_virtual(command.add_option("--playout", line.demo_playout_ms, "Virtual: D; 8")
                   ->check(CLI::Range(0.1, 1000.0))
                   ->type_name("MS"));
  only_virtual(
      command.add_option("--period", options.period, "Virtual: frames; a buffer has two of them")
          ->check(CLI::Range(16, 4096))
          ->type_name("N"));
  only_virtual(command.add_flag("--check", options.check,
                                "Virtual: fail when anything is concealed, missing or altered"));
  only_virtual(command.add_flag("--json", options.json, "Virtual: print JSON"));
}

Result<int> run_demo_line(CommandLine& line) {
  const auto duration = [](auto value) { return std::chrono::duration_cast<Duration>(value); };
  DemoOptions& demo = line.demo;
  if (line.demo_seconds)
    demo.length = demo.virtual_demo.length =
        duration(std::chrono::duration<double>(*line.demo_seconds));
  if (line.demo_playout_ms)
    demo.virtual_demo.playout =
        duration(std::chrono::duration<double, std::milli>(*line.demo_playout_ms));
  if (const auto seeds = parse_seeds(line.demo_seeds))
    std::tie(demo.virtual_demo.first_seed, demo.virtual_demo.last_seed) = *seeds;
  return run_demo(demo);
}

void add_demo(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("demo", "Plays audio through an impaired link in this process");
  command->add_option("--config", line.demo.config, "Instead of the shipped demo.toml")
      ->type_name("FILE");
  command->add_option("--wav", line.demo.wav, "What to play")->type_name("FILE");
  command->add_option("--seconds", line.demo_seconds, "How long")
      ->check(CLI::Range(0.1, 3600.0))
      ->type_name("S");
  command->add_option("--output", line.demo.output, "Folder for the recording and the plot")
      ->type_name("FOLDER");
  command->add_flag("!--no-kernel", line.demo.use_kernel, "Leave this machine's vhci_hcd alone");
  add_virtual_demo(*command, line);
  command->callback([&line] { line.chosen = [&line] { return run_demo_line(line); }; });
}

void add_keys(CLI::App& app, CommandLine& line) {
  CLI::App* keys = app.add_subcommand("keys", "Certificates and pre-shared keys");
  keys->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<int> (*run)(const KeysOptions&)) {
    CLI::App* command = keys->add_subcommand(name, help);
    command->add_option("--directory", line.keys.directory, "Where the files are; \"keys\"")
        ->type_name("FOLDER");
    command->add_flag("--json", line.keys.json, "Print JSON");
    command->callback([&line, run] { line.chosen = [&line, run] { return run(line.keys); }; });
    return command;
  };
  const auto add_days = [&](CLI::App* command) {
    command->add_option("--days", line.keys.days, "How long it is valid")
        ->check(CLI::Range(1, 36500))
        ->type_name("N");
  };
  CLI::App* init = add("init", "A new authority: authority.pem, authority.key", run_keys_init);
  CLI::App* issue = add("issue", "A node's identity: NAME.pem, NAME.key", run_keys_issue);
  CLI::App* psk = add("psk", "A pre-shared key: NAME.psk", run_keys_psk);
  for (CLI::App* command : {issue, psk}) {
    command->add_option("name", line.keys.name, "The node's name")->required()->type_name("");
  }
  add_days(init);
  add_days(issue);
}

void add_plan(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("plan", "Which [repair] a path needs, found by simulation");
  PlanOptions& options = line.plan;
  const auto add = [command](const char* name, std::string& value, const char* help,
                             const char* type) {
    command->add_option(name, value, help)->type_name(type);
  };
  add("--loss", options.loss, "What the path loses: 0.7% or 0.007", "SHARE");
  add("--outage", options.outage, "It loses all for so long in the mean; without: one by one",
      "TIME");
  add("--trace", options.trace,
      "Instead of both, what was measured: a line \"ok [N]\" or \"lost [N]\" for each packet or "
      "run of N",
      "FILE");
  add("--trace-interval", options.trace_interval, "Between its packets; as --interval", "TIME");
  add("--rtt", options.round_trip, "The shortest round trip; 1ms", "TIME");
  add("--jitter", options.jitter, "The most that comes on top, each way; 0", "TIME");
  command
      ->add_option("--deadline", options.deadlines,
                   "D: what repair may take, playout less 1 ms; 2ms,4ms,8ms")
      ->delimiter(',')
      ->type_name("TIME,...");
  add("--share", options.share, "What the stream may take of the link, as in 2Mbit", "RATE");
  add("--target", options.target, "Share of packets that may miss their deadline; 1e-5", "SHARE");
  add("--interval", options.interval, "Between two packets of the stream; 1ms", "TIME");
  command->add_option("--bytes", options.bytes, "Of audio in each; 192")->type_name("N");
  command->add_option("--seconds", options.seconds, "Simulated at most for each scheme and D")
      ->type_name("S");
  command->add_option("--seed", options.seed, "Of the first run; 1")->type_name("N");
  add("--plot", options.plot, "Write plan.csv there, and plan.png with gnuplot", "FOLDER");
  command->add_flag("--all", options.all, "Every scheme, not only the most useful");
  command->add_flag("--json", options.json, "Print JSON");
  command->callback([&line] { line.chosen = [&line] { return run_plan(line.plan); }; });
}

std::string software_names() {
  std::string text = "One of";
  for (const auto& device : device::software::device_names()) {
    text += "\n" + std::string(device.name) + ": " + std::string(device.what);
  }
  return text;
}

Result<int> run_softdevice_line(CommandLine& line) {
  const auto from = [](auto number) { return std::chrono::duration_cast<Duration>(number); };
  SoftdeviceOptions& options = line.softdevice;
  std::vector<std::string_view> names;
  for (const auto& known : device::software::device_names()) names.push_back(known.name);
  if (std::find(names.begin(), names.end(), options.device.name) == names.end()) {
    return fail(ErrorCode::invalid_argument,
                config::unknown("no software device is called \"" + options.device.name + "\"",
                                options.device.name, names));
  }
  options.run_for = from(std::chrono::duration<double>(line.softdevice_seconds));
  options.device.script_delay = from(std::chrono::duration<double>(line.softdevice_script_delay));
  options.device.settling = from(std::chrono::duration<double>(line.softdevice_settling));
  options.wake_grid = from(std::chrono::duration<double, std::micro>(line.softdevice_grid_us));
  if (!line.softdevice_fault.empty()) {
    const auto fault = device::software::parse_fault(line.softdevice_fault);
    if (!fault) return tl::unexpected<Error>(fault.error());
    options.device.fault = *fault;
  }
  return run_softdevice(options);
}

// vid, pid: four hexadecimal digits as everywhere else.
void add_identity(CLI::App& command, device::software::DeviceOptions& device) {
  const auto add = [&command](const char* name, std::optional<std::uint16_t>& id) {
    command
        .add_option_function<std::string>(
            name,
            [&id, name](const std::string& text) {
              const auto parsed = config::parse_device(text + ":0000");
              if (!parsed) throw CLI::ValidationError(name, "allowed: four hexadecimal digits");
              id = parsed->vendor;
            },
            "Instead of the device's own")
        ->type_name("HHHH");
  };
  add("--vendor", device.vendor);
  add("--product", device.product);
  command.add_option("--serial", device.serial, "Serial number")->type_name("TEXT");
}

void add_softdevice(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("softdevice", "A software device, plugged into this machine's vhci_hcd");
  SoftdeviceOptions& options = line.softdevice;
  device::software::DeviceOptions& device = options.device;
  command->add_option("name", device.name, software_names())->required()->type_name("");
  command->add_option("--vhci-port", options.vhci_port, "Where to plug it in")
      ->required()
      ->type_name("N");
  command->add_option("--statistics", options.statistics_file, "Written on SIGUSR1 and at the end")
      ->type_name("FILE");
  command->add_option("--seconds", line.softdevice_seconds, "How long; 0: until detached")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("S");
  command->add_option("--priority", options.fifo_priority, "SCHED_FIFO; 0: none")
      ->check(CLI::Range(0, 99))
      ->type_name("N");
  command->add_option("--wake-grid", line.softdevice_grid_us, "Wake up only at multiples of this")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("US");
  command->add_option("--bus-ppm", device.bus_ppm, "Bus clock against this machine's");
  command->add_option("--crystal-ppm", device.crystal_ppm, "Samples per interval against the bus");
  command->add_option("--rate", device.rate, "Audio: sampling rate")->type_name("HZ");
  command->add_option("--channels", device.channels, "Audio: channels")->type_name("N");
  command->add_option("--fault", line.softdevice_fault,
                      "Audio: one wrong sample, as in drop@5, repeat@0.5, out:alter@2");
  command
      ->add_option("--settling", line.softdevice_settling,
                   "Audio: count no round trip this long after the first")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("S");
  command->add_option("--storage-bytes", device.storage_bytes, "Storage: size")->type_name("N");
  command->add_option("--storage-file", device.storage_file, "Storage: what holds it")
      ->type_name("FILE");
  command->add_option("--bytes-per-second", device.bytes_per_second, "Counter: pace; 0: none")
      ->type_name("N");
  command->add_option("--events-per-second", device.events_per_second, "HID, MIDI: pace")
      ->type_name("N");
  command->add_option("--events", device.events, "HID, MIDI: how many; 0: no end")->type_name("N");
  command
      ->add_option("--script-delay", line.softdevice_script_delay,
                   "HID, MIDI: from the first poll to the first event")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("S");
  add_identity(*command, device);
  command->callback([&line] { line.chosen = [&line] { return run_softdevice_line(line); }; });
}

void add_all(CLI::App& app, CommandLine& line) {
  app.set_version_flag("--version", "usbgw " USBGW_VERSION);
  app.add_option("--config", line.config, "Run the roles that FILE configures")->type_name("FILE");
  app.add_flag("--check", line.check, "Only say whether FILE is right");
  app.require_subcommand(0, 1);
  add_admin_commands(app, line);
  add_doctor(app, line);
  add_demo(app, line);
  add_plan(app, line);
  add_softdevice(app, line);
  add_keys(app, line);
}

// The innermost command that the line names, and what to type for it.
struct NamedCommand {
  const CLI::App* app;
  std::string path;
};
NamedCommand named_command(const CLI::App& app) {
  NamedCommand named{&app, app.get_name()};
  while (!named.app->get_subcommands().empty()) {
    named.app = named.app->get_subcommands().front();
    named.path += " " + named.app->get_name();
  }
  return named;
}

// What a command does not know: an option, a command, or an argument too many; with the nearest
// that it knows.
std::string describe_unknown(const NamedCommand& named, const std::string& word) {
  std::vector<std::string> known;
  const char* what = "argument";
  if (word.starts_with("-")) {
    what = "option";
    for (const CLI::Option* option : named.app->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  } else {
    for (const CLI::App* command : named.app->get_subcommands({})) {
      what = "command";
      known.push_back(command->get_name());
    }
  }
  const std::vector<std::string_view> allowed(known.begin(), known.end());
  const auto meant = config::nearest(word.substr(0, word.find('=')), allowed);
  return named.path + " has no " + what + " \"" + word + "\"" +
         (meant ? "; did you mean " + std::string(*meant) + "?" : "");
}

// One line, whatever CLI11 has to say. A word that is not known goes before what it left missing.
int report_usage(const CLI::App& app, const CLI::ParseError& error) {
  const NamedCommand named = named_command(app);
  const std::vector<std::string> unknown = named.app->remaining();
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  if (!unknown.empty()) text = describe_unknown(named, unknown.front());
  std::fprintf(stderr, "usbgw: %s%s see %s --help\n", text.c_str(), text.ends_with('?') ? "" : ";",
               named.path.c_str());
  return kWrongUsage;
}

int report_failure(const Error& error) {
  std::string_view lines = error.context;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    std::fprintf(stderr, "usbgw: %.*s\n", static_cast<int>(line.size()), line.data());
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
  }
  return error.code == ErrorCode::invalid_argument ? kWrongUsage : kFailed;
}

Result<int> run(CommandLine& line) {
  if (line.chosen && line.check) {
    return fail(ErrorCode::invalid_argument, "--check goes with --config FILE and no command");
  }
  // `usbgw --config FILE list` is `usbgw list --config FILE`.
  for (std::string* config : {&line.admin.config, &line.doctor.config, &line.demo.config}) {
    if (config->empty()) *config = line.config;
  }
  if (line.chosen) return line.chosen();
  if (line.config.empty()) {
    return fail(ErrorCode::invalid_argument,
                "nothing to do: give --config FILE or a command; see usbgw --help");
  }
  return line.check ? run_check(line.config) : run_config(line.config);
}

int run_command_line(int argc, char** argv) {
  CLI::App app("usbgw moves a USB device to another machine across a network.", "usbgw");
  CommandLine line;
  add_all(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error);
  }
  const Result<int> result = run(line);
  return result ? *result : report_failure(result.error());
}

}  // namespace
}  // namespace usbgw::app

int main(int argc, char** argv) {
  return usbgw::app::run_command_line(argc, argv);
}

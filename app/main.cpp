// The command line. Each command is one function that takes plain options; main() finds out which
// one is meant, runs it, and turns its error into lines on standard error and an exit status:
// 0 done, 1 failed, 2 wrong usage or configuration.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "app/admin_commands.h"
#include "app/config_command.h"
#include "app/demo_command.h"
#include "app/doctor_command.h"

namespace usbgw::app {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

using Chosen = std::function<Result<int>()>;

// Everything that options are parsed into.
struct CommandLine {
  std::string config;
  bool check = false;
  AdminOptions admin;
  DoctorOptions doctor;
  DemoOptions demo;
  double demo_seconds = 10;
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
  command->callback([&line] {
    line.demo.length =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(line.demo_seconds));
    line.chosen = [&line] { return run_demo(line.demo); };
  });
}

void add_all(CLI::App& app, CommandLine& line) {
  app.set_version_flag("--version", "usbgw " USBGW_VERSION);
  app.add_option("--config", line.config, "Run the roles that FILE configures")->type_name("FILE");
  app.add_flag("--check", line.check, "Only say whether FILE is right");
  app.require_subcommand(0, 1);
  add_admin_commands(app, line);
  add_doctor(app, line);
  add_demo(app, line);
}

// One line, whatever CLI11 has to say: its first, without its exception's name.
int report_usage(const CLI::ParseError& error) {
  const std::string text = error.what();
  std::fprintf(stderr, "usbgw: %s; see usbgw --help\n", text.substr(0, text.find('\n')).c_str());
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
    return report_usage(error);
  }
  const Result<int> result = run(line);
  return result ? *result : report_failure(result.error());
}

}  // namespace
}  // namespace usbgw::app

int main(int argc, char** argv) {
  return usbgw::app::run_command_line(argc, argv);
}

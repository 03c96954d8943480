#include "app/kernel_threads.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace usbgw::app {
namespace {

constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD, include/linux/sched.h
// Of proc_pid_stat(5), counted from the state, which is the third field there.
constexpr int kFlags = 6;
constexpr int kPriority = 37;

std::string stat_of(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

// "pid (comm) state ppid pgrp session tty_nr tpgid flags ...". A program chooses its name, and may
// put ") R 2 0" into it. What follows the flags may be cut short.
std::optional<KernelThread> parse_kernel_thread(std::string_view stat) {
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  KernelThread thread;
  thread.name = stat.substr(open + 1, close - open - 1);
  if (!(std::istringstream{std::string(stat.substr(0, open))} >> thread.pid)) return std::nullopt;
  std::istringstream fields{std::string(stat.substr(close + 1))};
  std::string other;
  for (int i = 0; i < kFlags; ++i) fields >> other;
  unsigned long flags = 0;
  if (!(fields >> flags) || (flags & kKernelThread) == 0) return std::nullopt;
  for (int i = kFlags + 1; i < kPriority; ++i) fields >> other;
  if (!(fields >> thread.priority)) thread.priority = 0;
  return thread;
}

std::vector<KernelThread> kernel_threads(const std::string& root) {
  std::vector<KernelThread> threads;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/proc", ignored)) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos)
      continue;
    if (auto thread = parse_kernel_thread(stat_of(entry.path())))
      threads.push_back(std::move(*thread));
  }
  return threads;
}

}  // namespace usbgw::app

// Where a layer says what happened. Injected by main(); never used on a worker's hot path.
#pragma once

#include <cstdint>
#include <string_view>

namespace usbgw {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

class Log {
 public:
  virtual ~Log() = default;
  // One line, without its end; any thread.
  virtual void write(LogLevel level, std::string_view text) = 0;

  void debug(std::string_view text) { write(LogLevel::debug, text); }
  void info(std::string_view text) { write(LogLevel::info, text); }
  void warning(std::string_view text) { write(LogLevel::warning, text); }
  void error(std::string_view text) { write(LogLevel::error, text); }
};

// For tests and simulations that nobody reads along with.
class NullLog final : public Log {
 public:
  void write(LogLevel, std::string_view) override {}
};

}  // namespace usbgw

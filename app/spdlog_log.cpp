#include "app/spdlog_log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace usbgw::app {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdlogLog final : public Log {
 public:
  SpdlogLog(spdlog::sink_ptr sink, LogLevel least) : logger_("usbgw", std::move(sink)) {
    logger_.set_level(level_of(least));
    logger_.flush_on(spdlog::level::info);
    logger_.set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  }

  // The text is an argument: a device's name is no format string.
  void write(LogLevel level, std::string_view text) override {
    logger_.log(level_of(level), "{}", text);
  }

 private:
  spdlog::logger logger_;
};

}  // namespace

Result<std::unique_ptr<Log>> open_log(LogLevel least, const std::string& file) {
  // spdlog reports a file that it cannot open by an exception; it ends here.
  try {
    spdlog::sink_ptr sink;
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
    return std::make_unique<SpdlogLog>(std::move(sink), least);
  } catch (const spdlog::spdlog_ex& exception) {
    return fail(ErrorCode::io, "log file " + file + ": " + exception.what());
  }
}

}  // namespace usbgw::app

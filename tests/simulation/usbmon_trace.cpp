#include "tests/simulation/usbmon_trace.h"

#include <fstream>
#include <sstream>

namespace usbgw::simulation {
namespace {

// "24", "7*24", "24!-18"
bool parse_packets(const std::string& word, std::vector<TracePacket>& packets) {
  unsigned count = 1;
  unsigned length = 0;
  int status = 0;
  std::istringstream in(word);
  if (!(in >> length)) return false;
  if (in.peek() == '*') {
    count = length;
    in.get();
    if (!(in >> length)) return false;
  }
  if (in.peek() == '!') {
    in.get();
    if (!(in >> status)) return false;
  }
  if (in.peek() != std::char_traits<char>::eof() || count > 1024) return false;
  packets.insert(packets.end(), count, {length, static_cast<UrbStatus>(status)});
  return true;
}

bool parse_urb(std::istringstream& words, TraceStep& step) {
  unsigned address = 0;
  if (!(words >> std::hex >> address)) return false;
  step.endpoint = EndpointAddress(static_cast<std::uint8_t>(address));
  std::string word;
  while (words >> word) {
    if (word.starts_with("0x")) {
      step.value = static_cast<std::uint32_t>(std::stoul(word, nullptr, 16));
    } else if (!parse_packets(word, step.packets)) {
      return false;
    }
  }
  return true;
}

bool parse_step(const std::string& kind, std::istringstream& words, TraceStep& step) {
  using Kind = TraceStep::Kind;
  if (kind == "P" || kind == "T") {
    step.kind = kind == "P" ? Kind::prepared : Kind::triggered;
    return true;
  }
  if (kind == "W") {
    step.kind = Kind::written;
    return static_cast<bool>(words >> step.value);
  }
  if (kind != "S" && kind != "C") return false;
  step.kind = kind == "S" ? Kind::submitted : Kind::completed;
  return parse_urb(words, step);
}

bool parse_header(const std::string& key, std::istringstream& words, UsbmonTrace& trace) {
  if (key == "device") return static_cast<bool>(words >> trace.device);
  if (key == "rate") return static_cast<bool>(words >> trace.rate);
  if (key == "direction") {
    std::string direction;
    words >> direction;
    trace.is_playback = direction == "play";
    return direction == "play" || direction == "record";
  }
  char by = 0;
  return key == "buffer" && words >> trace.period_frames >> by >> trace.periods && by == 'x';
}

}  // namespace

Result<UsbmonTrace> parse_usbmon_trace(const std::string& text) {
  UsbmonTrace trace;
  std::istringstream lines(text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string first;
    if (!(words >> first) || first.starts_with('#')) continue;
    if (parse_header(first, words, trace)) continue;
    words.clear();
    TraceStep step;
    step.line = number;
    if (!parse_step(first, words, step)) {
      return fail(ErrorCode::invalid_argument, "line " + std::to_string(number) + ": " + line);
    }
    trace.steps.push_back(std::move(step));
  }
  if (trace.device.empty() || trace.rate == 0 || trace.periods == 0 || trace.steps.empty()) {
    return fail(ErrorCode::invalid_argument, "not a whole trace");
  }
  return trace;
}

Result<UsbmonTrace> read_usbmon_trace(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return fail(ErrorCode::io, path + " cannot be read");
  auto trace = parse_usbmon_trace(text.str());
  if (!trace) return fail(trace.error().code, path + ": " + trace.error().context);
  return trace;
}

}  // namespace usbgw::simulation

// Makes and judges raw S16_LE stereo recordings of the counter pattern.
//
//   audio_judge generate FRAMES FILE   writes the pattern
//   audio_judge check FRAMES FILE      exit code 0 when FILE is FRAMES long and exact; one line of
//   figures
//   audio_judge gaps FRAMES FILE       exit code 0 when FILE is FRAMES long; a line "FIRST FRAMES"
//   for each disturbance
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "tests/vm/judge/pattern.h"

namespace {

using usbgw::judge::Verdict;

int generate(std::size_t frames, const char* path) {
  const auto bytes = usbgw::judge::encode_pattern(frames);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    std::fprintf(stderr, "audio_judge: cannot write %s\n", path);
    return 1;
  }
  return 0;
}

std::optional<Verdict> judge_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "audio_judge: cannot read %s\n", path);
    return std::nullopt;
  }
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file),
                                        std::istreambuf_iterator<char>()};
  return usbgw::judge::judge(usbgw::judge::decode_pattern(bytes), usbgw::judge::Limits{});
}

int check(std::size_t expected_frames, const char* path) {
  const auto verdict = judge_file(path);
  if (!verdict) return 1;
  const Verdict& v = *verdict;
  std::printf("frames=%zu lead_in=%zu missing=%zu repeated=%zu altered=%zu\n", v.frames, v.lead_in,
              v.missing, v.repeated, v.altered);
  const bool exact = v.missing == 0 && v.repeated == 0 && v.altered == 0;
  return exact && v.frames == expected_frames ? 0 : 1;
}

int gaps(std::size_t expected_frames, const char* path) {
  const auto verdict = judge_file(path);
  if (!verdict) return 1;
  for (const auto& each : verdict->disturbances) std::printf("%zu %zu\n", each.first, each.frames);
  return verdict->frames == expected_frames ? 0 : 1;
}

std::optional<std::size_t> parse_count(const char* text) {
  std::size_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<std::size_t> frames = argc == 4 ? parse_count(argv[2]) : std::nullopt;
  const std::string command = argc == 4 ? argv[1] : "";
  if (frames && command == "generate") {
    return generate(*frames, argv[3]);
  }
  if (frames && command == "check") {
    return check(*frames, argv[3]);
  }
  if (frames && command == "gaps") {
    return gaps(*frames, argv[3]);
  }
  std::fprintf(stderr, "usage: audio_judge generate|check|gaps FRAMES FILE\n");
  return 2;
}

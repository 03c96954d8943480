// usbmon_judge FOLDER: compares the model of the sound driver with every trace (*.txt) in a folder.
// Exit code 0 when nothing is different.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "tests/simulation/usbmon_replay.h"

int main(int argc, char** argv) {
  using namespace usbgw::simulation;
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: usbmon_judge FOLDER\n");
    return 2;
  }
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::size_t submissions = 0, completions = 0, writes = 0, different = 0;
  for (const auto& path : paths) {
    const auto trace = read_usbmon_trace(path);
    const auto result = trace ? replay(*trace) : tl::unexpected(trace.error());
    if (!result) {
      std::printf("%s\n", result.error().context.c_str());
      ++different;
      continue;
    }
    submissions += result->submissions;
    completions += result->completions;
    writes += result->writes;
    different += result->different;
    if (result->different == 0) continue;
    std::printf("%s: %zu different, the first: %s\n", path.c_str(), result->different,
                result->first_difference.c_str());
  }
  std::printf("usbmon: %zu traces, %zu completions, %zu submissions, %zu writes, %zu different\n",
              paths.size(), completions, submissions, writes, different);
  return different == 0 && submissions > 0 ? 0 : 1;
}

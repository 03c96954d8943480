// Which packets a real path lost, as measured: replayed as times at which the path is down.
//
// As text, a line for each packet or for each run of packets:
//   ok            a packet came
//   lost          a packet did not
//   ok 1430       so many in a row
//   lost 3
//   # remark      and empty lines: nothing
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/timeline.h"

namespace usbgw::simulation {

class LossTrace {
 public:
  // `interval`: between two packets of the trace. Errors name the line: "17: ...".
  [[nodiscard]] static Result<LossTrace, std::string> parse(std::string_view text,
                                                            Duration interval);

  // The trace is repeated for ever.
  [[nodiscard]] bool is_lost(Duration since_start) const;

  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] std::size_t runs() const { return runs_.size(); }
  [[nodiscard]] Duration length() const { return interval_ * static_cast<Duration::rep>(packets_); }
  [[nodiscard]] Duration longest() const;
  [[nodiscard]] double loss() const {
    return static_cast<double>(lost_) / static_cast<double>(packets_);
  }
  // The share of packets whose run of losses goes on for longer than `left`.
  [[nodiscard]] double lost_for_longer(Duration left) const;

 private:
  struct Run {
    std::uint64_t first = 0;  // packet
    std::uint64_t end = 0;
  };
  Duration interval_{};
  std::uint64_t packets_ = 0;
  std::uint64_t lost_ = 0;
  std::vector<Run> runs_;  // of losses, in order, none next to another
};

}  // namespace usbgw::simulation

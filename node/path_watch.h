// What the log says of a session's two paths: a line when one falls silent, and the next one when
// it has answered for a while again. A path that flaps is one line. Control thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "common/path_estimate.h"
#include "common/timeline.h"
#include "dataplane/session/session.h"

namespace usbgw::node {

class PathWatch {
 public:
  struct News {
    bool is_bad = false;
    std::string text;
  };

  PathWatch(std::string peer, Instant now) : peer_(std::move(peer)), started_(now) {}

  // What the packet worker reports, path by path; gives what is worth a line now, if anything is.
  [[nodiscard]] std::optional<News> take(PathId path, const session::PathStatus& status,
                                         Instant now);

 private:
  struct Seen {
    bool has_answered = false;
    bool is_answering = false;
    bool is_told_silent = false;
    Instant since{};        // it answers
    unsigned silences = 0;  // since the last line
  };

  [[nodiscard]] std::optional<News> silent(Seen& seen, const std::string& name, Instant now);
  [[nodiscard]] static std::optional<News> answering(Seen& seen, const std::string& name,
                                                     Instant now);

  std::string peer_;
  Instant started_;
  std::array<Seen, kMaxPaths> seen_{};
};

}  // namespace usbgw::node

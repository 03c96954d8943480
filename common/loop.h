// A duty cycle. A worker thread runs one or several loops (fused where cores are few); the
// simulation runs all of them in one thread under virtual time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "common/timeline.h"

namespace usbgw {

// Of the descriptors that loops have named, those that had work when the system was asked.
class ReadyDescriptors {
 public:
  explicit ReadyDescriptors(std::span<const int> ready) : ready_(ready) {}
  [[nodiscard]] bool contains(int descriptor) const {
    return std::find(ready_.begin(), ready_.end(), descriptor) != ready_.end();
  }

 private:
  std::span<const int> ready_;
};

class Loop {
 public:
  virtual ~Loop() = default;
  // One bounded turn; returns the work done (0: nothing), so that the runner knows when to idle.
  virtual std::size_t turn(Instant now) = 0;
  // When turn() must run again even if nothing arrives; kNever when only input can make work.
  [[nodiscard]] virtual Instant next_deadline() const = 0;
  // File descriptors whose readability means work; appended.
  virtual void append_descriptors(std::vector<int>& readable) const { static_cast<void>(readable); }
  // True while there may be input that no descriptor announces: the runner then looks often.
  [[nodiscard]] virtual bool must_poll() const { return false; }
  // Before turn(), when the runner has just waited for the descriptors named: what is not among
  // `ready` need not be tried in that turn. A turn without it tries all.
  virtual void polled(const ReadyDescriptors& ready) { static_cast<void>(ready); }
  // Before turn(), when the runner has not asked since the turn before: the descriptors need not be
  // tried in this one, it will ask for them before long.
  virtual void not_asked() {}
  // File descriptors whose writability means work, because output is waiting; appended.
  virtual void append_writable(std::vector<int>& writable) const { static_cast<void>(writable); }
  // True while latency matters (a stream is open): the runner then idles in short steps.
  [[nodiscard]] virtual bool is_live() const { return false; }
};

// Ends another worker's idle sleep; callable from any thread, cheap when that worker is awake.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

}  // namespace usbgw

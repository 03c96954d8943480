// The streams of one direction: a fixed number of slots, the open ones near the front.
#pragma once

#include <span>
#include <vector>

#include "common/ids.h"
#include "dataplane/session/session_limits.h"

namespace usbgw::session {

template <class Stream>
class StreamTable {
 public:
  // `parts`: what each slot is made of.
  template <class... Parts>
  explicit StreamTable(Parts&... parts) {
    slots_.reserve(kMaxStreams);
    for (std::size_t i = 0; i < kMaxStreams; ++i) slots_.emplace_back(parts...);
  }

  [[nodiscard]] Stream* find(StreamId id) {
    for (Stream& stream : in_use())
      if (stream.is_open() && stream.options().stream == id) return &stream;
    return nullptr;
  }
  // The open one of this id, or a free slot, or nothing when all are open.
  [[nodiscard]] Stream* slot_for(StreamId id) {
    if (Stream* open = find(id)) return open;
    for (Stream& stream : slots_) {
      if (stream.is_open()) continue;
      const auto index = static_cast<std::size_t>(&stream - slots_.data());
      end_ = end_ > index ? end_ : index + 1;
      return &stream;
    }
    return nullptr;
  }
  void close(StreamId id) {
    if (Stream* open = find(id)) open->close();
    while (end_ > 0 && !slots_[end_ - 1].is_open()) --end_;
  }
  void close_all() {
    for (Stream& stream : in_use())
      if (stream.is_open()) stream.close();
    end_ = 0;
  }
  // Every open stream, and some closed ones between them: each turn walks no more than this.
  [[nodiscard]] std::span<Stream> in_use() { return std::span(slots_).first(end_); }
  [[nodiscard]] std::span<const Stream> in_use() const { return std::span(slots_).first(end_); }

 private:
  std::vector<Stream> slots_;
  std::size_t end_ = 0;
};

}  // namespace usbgw::session

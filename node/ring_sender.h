// The producer's end of an SPSC ring of messages that must not be lost: what the ring does not take
// waits, in order, and goes out with the next flush(). What can wait is bounded by the URBs in
// flight.
#pragma once

#include <deque>

#include "common/loop.h"
#include "common/spsc_ring.h"

namespace usbgw::node {

template <class T>
class RingSender {
 public:
  RingSender(std::size_t capacity, Waker& consumer) : ring_(capacity), consumer_(consumer) {}

  // Producer thread.
  void send(T&& message) {
    if (waiting_.empty() && ring_.push(std::move(message))) {
      consumer_.wake();
      return;
    }
    waiting_.push_back(std::move(message));
    flush();
  }
  // True when nothing waits.
  bool flush() {
    bool moved = false;
    while (!waiting_.empty() && ring_.push(std::move(waiting_.front()))) {
      waiting_.pop_front();
      moved = true;
    }
    if (moved) consumer_.wake();
    return waiting_.empty();
  }

  // Consumer thread.
  [[nodiscard]] bool take(T& message) { return ring_.pop(message); }

 private:
  SpscRing<T> ring_;
  std::deque<T> waiting_;
  Waker& consumer_;
};

}  // namespace usbgw::node

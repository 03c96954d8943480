// Bounded ring between exactly one producer thread and one consumer thread. Lock-free, no
// allocation after construction. Head and tail sit on their own cache lines; each side caches the
// other's index, so the shared lines move only when the cached view runs out.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "common/assertion.h"

namespace usbgw {

inline constexpr std::size_t kCacheLine = 64;

template <class T>
class SpscRing {
 public:
  explicit SpscRing(std::size_t capacity)
      : slots_(std::make_unique<T[]>(capacity)), mask_(capacity - 1) {
    USBGW_ASSERT(std::has_single_bit(capacity));
  }
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  // Producer. False when full; `item` is then untouched.
  [[nodiscard]] bool push(T&& item) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_seen_ > mask_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head - tail_seen_ > mask_) return false;
    }
    slots_[head & mask_] = std::move(item);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool push(const T& item) {
    T copy = item;
    return push(std::move(copy));
  }

  // Producer: items pushed since the start; wraps.
  [[nodiscard]] std::size_t pushed() const { return head_.load(std::memory_order_relaxed); }

  // Consumer. False when empty.
  [[nodiscard]] bool pop(T& item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_seen_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail == head_seen_) return false;
    }
    item = std::move(slots_[tail & mask_]);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Either side; a snapshot.
  [[nodiscard]] std::size_t size() const {
    return head_.load(std::memory_order_acquire) - tail_.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

 private:
  std::unique_ptr<T[]> slots_;
  std::size_t mask_;
  alignas(kCacheLine) std::atomic<std::size_t> head_{0};
  alignas(kCacheLine) std::size_t tail_seen_ = 0;  // producer's view
  alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
  alignas(kCacheLine) std::size_t head_seen_ = 0;  // consumer's view
};

}  // namespace usbgw

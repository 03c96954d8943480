// What a network did to the frames that crossed it: each is noted where it comes in and where it
// goes out. Frames are told apart by a fingerprint of their bytes; equal ones leave in the order in
// which they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

namespace usbgw::wire_probe {

[[nodiscard]] std::uint64_t fingerprint(std::span<const std::uint8_t> bytes, std::size_t length);

struct WireFigures {
  std::uint64_t entered = 0;
  std::uint64_t left = 0;
  std::uint64_t lost = 0;        // came in and did not go out, nor can still be on its way
  std::uint64_t on_its_way = 0;  // came in too late to be called lost
  std::uint64_t overtaken = 0;   // went out after a frame that had come in later
  std::uint64_t unknown = 0;     // went out without having come in
  std::int64_t delay_min_ns = 0, delay_p50_ns = 0, delay_p99_ns = 0, delay_max_ns = 0;
};

class WireLedger {
 public:
  void entered(std::uint64_t frame, std::int64_t when_ns);
  void left(std::uint64_t frame, std::int64_t when_ns);
  // As of now; what came in during the last `patience_ns` may still go out.
  [[nodiscard]] WireFigures figures(std::int64_t now_ns, std::int64_t patience_ns) const;

 private:
  std::unordered_map<std::uint64_t, std::deque<std::int64_t>> inside_;
  std::vector<std::int64_t> delays_;
  std::uint64_t entered_ = 0;
  std::uint64_t overtaken_ = 0;
  std::uint64_t unknown_ = 0;
  std::int64_t newest_that_left_ = INT64_MIN;  // when it had come in
};

}  // namespace usbgw::wire_probe

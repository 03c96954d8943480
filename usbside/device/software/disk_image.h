// The bytes of a software disk: memory that is zero until written, or a file in place.
#pragma once

#include <span>
#include <string>

#include "common/result.h"

namespace usbgw::device::software {

class DiskImage {
 public:
  // `file` empty: memory. A file is made, or grown to `bytes`. Errors name it.
  [[nodiscard]] static Result<DiskImage> open(const std::string& file, std::uint64_t bytes);
  DiskImage(DiskImage&& other) noexcept;
  DiskImage& operator=(DiskImage&&) = delete;
  ~DiskImage();

  [[nodiscard]] std::span<std::byte> bytes() { return {memory_, size_}; }
  void flush();

 private:
  DiskImage(std::byte* memory, std::size_t size, bool is_file)
      : memory_(memory), size_(size), is_file_(is_file) {}

  std::byte* memory_;
  std::size_t size_;
  bool is_file_;
};

}  // namespace usbgw::device::software

// The SCSI commands that Linux and others send to a USB disk (SPC-4, SBC-3), on 512-byte blocks.
// Transport is the caller's.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "usbside/device/software/disk_image.h"

namespace usbgw::device::software {

inline constexpr std::size_t kBlockBytes = 512;

struct ScsiResult {
  bool is_good = true;            // else CHECK CONDITION; REQUEST SENSE says why
  std::span<const std::byte> in;  // data to the host; valid until the next command
  std::span<std::byte> out;       // where data from the host goes
};

struct ScsiCounters {
  std::uint64_t commands = 0;
  std::uint64_t refused = 0;
  std::uint64_t blocks_read = 0;
  std::uint64_t blocks_written = 0;
  std::uint64_t flushes = 0;
};

class ScsiDisk {
 public:
  explicit ScsiDisk(DiskImage image);
  // `command`: the command block, 6 to 16 bytes.
  [[nodiscard]] ScsiResult execute(std::span<const std::byte> command);
  [[nodiscard]] const ScsiCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }

 private:
  struct Sense {
    std::uint8_t key = 0;
    std::uint8_t code = 0;
  };
  [[nodiscard]] ScsiResult refuse(Sense sense);
  [[nodiscard]] ScsiResult give(std::size_t bytes, std::size_t allowed);
  [[nodiscard]] ScsiResult inquiry(std::span<const std::byte> command);
  [[nodiscard]] ScsiResult vital_product_data(std::uint8_t page, std::size_t allowed);
  [[nodiscard]] ScsiResult request_sense(std::size_t allowed);
  [[nodiscard]] ScsiResult mode_sense(std::size_t header, std::size_t allowed);
  [[nodiscard]] ScsiResult capacity_10();
  [[nodiscard]] ScsiResult capacity_16(std::size_t allowed);
  [[nodiscard]] ScsiResult report_luns(std::size_t allowed);
  [[nodiscard]] ScsiResult transfer(std::uint64_t block, std::uint64_t count, bool is_write);

  DiskImage image_;
  std::uint64_t blocks_;
  std::array<std::byte, 64> answer_{};
  Sense sense_;
  ScsiCounters counters_;
};

}  // namespace usbgw::device::software

#include "usbside/device/software/scsi_disk.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/byte_order.h"

namespace usbgw::device::software {
namespace {

// SPC-4 and SBC-3, operation codes.
enum Operation : std::uint8_t {
  kTestUnitReady = 0x00,
  kRequestSense = 0x03,
  kInquiry = 0x12,
  kModeSense6 = 0x1A,
  kStartStop = 0x1B,
  kPreventAllow = 0x1E,
  kReadCapacity10 = 0x25,
  kRead10 = 0x28,
  kWrite10 = 0x2A,
  kVerify10 = 0x2F,
  kSynchronizeCache10 = 0x35,
  kModeSense10 = 0x5A,
  kRead16 = 0x88,
  kWrite16 = 0x8A,
  kSynchronizeCache16 = 0x91,
  kServiceActionIn16 = 0x9E,
  kReportLuns = 0xA0,
};
constexpr std::uint8_t kReadCapacity16 = 0x10;  // service action

// SPC-4, 4.5: sense key ILLEGAL REQUEST and its additional codes.
constexpr std::uint8_t kIllegalRequest = 5;
constexpr std::uint8_t kInvalidOperation = 0x20;
constexpr std::uint8_t kBlockOutOfRange = 0x21;
constexpr std::uint8_t kInvalidField = 0x24;

void put_text(std::span<std::byte> to, std::string_view text) {
  std::fill(to.begin(), to.end(), std::byte{' '});
  for (std::size_t i = 0; i < std::min(to.size(), text.size()); ++i) {
    to[i] = static_cast<std::byte>(text[i]);
  }
}

std::size_t be16(std::span<const std::byte> command, std::size_t at) {
  return load_be<std::uint16_t>(command.data() + at);
}
std::uint32_t be32(std::span<const std::byte> command, std::size_t at) {
  return load_be<std::uint32_t>(command.data() + at);
}

}  // namespace

ScsiDisk::ScsiDisk(DiskImage image)
    : image_(std::move(image)), blocks_(image_.bytes().size() / kBlockBytes) {}

ScsiResult ScsiDisk::refuse(Sense sense) {
  ++counters_.refused;
  sense_ = sense;
  return {false, {}, {}};
}

ScsiResult ScsiDisk::give(std::size_t bytes, std::size_t allowed) {
  return {true, std::span(answer_).first(std::min(bytes, allowed)), {}};
}

ScsiResult ScsiDisk::execute(std::span<const std::byte> given) {
  // Short blocks are filled up, so that every field can be read.
  std::array<std::byte, 16> block{};
  std::copy_n(given.begin(), std::min(given.size(), block.size()), block.begin());
  const std::span<const std::byte> command(block);
  ++counters_.commands;
  answer_.fill(std::byte{0});
  const auto operation = std::to_integer<std::uint8_t>(command[0]);
  const auto byte_4 = std::to_integer<std::size_t>(command[4]);
  if (operation != kRequestSense) sense_ = {};
  switch (operation) {
    case kTestUnitReady:
    case kStartStop:
    case kPreventAllow:
    case kVerify10:
      return {};
    case kSynchronizeCache10:
    case kSynchronizeCache16:
      ++counters_.flushes;
      image_.flush();
      return {};
    case kRequestSense:
      return request_sense(byte_4);
    case kInquiry:
      return inquiry(command);
    case kModeSense6:
      return mode_sense(4, byte_4);
    case kModeSense10:
      return mode_sense(8, be16(command, 7));
    case kReadCapacity10:
      return capacity_10();
    case kServiceActionIn16:
      if ((std::to_integer<std::uint8_t>(command[1]) & 0x1F) != kReadCapacity16) break;
      return capacity_16(be32(command, 10));
    case kReportLuns:
      return report_luns(be32(command, 6));
    case kRead10:
    case kWrite10:
      return transfer(be32(command, 2), be16(command, 7), operation == kWrite10);
    case kRead16:
    case kWrite16:
      return transfer(load_be<std::uint64_t>(command.data() + 2), be32(command, 10),
                      operation == kWrite16);
    default:
      break;
  }
  return refuse({kIllegalRequest, kInvalidOperation});
}

ScsiResult ScsiDisk::inquiry(std::span<const std::byte> command) {
  const std::size_t allowed = be16(command, 3);
  const bool wants_page = (command[1] & std::byte{1}) != std::byte{0};
  if (wants_page) return vital_product_data(std::to_integer<std::uint8_t>(command[2]), allowed);
  // SPC-4, 6.4.2: a removable disk, SPC-4, standard data of 36 bytes.
  answer_[1] = std::byte{0x80};
  answer_[2] = std::byte{6};
  answer_[3] = std::byte{2};
  answer_[4] = std::byte{31};
  put_text(std::span(answer_).subspan(8, 8), "usbgw");
  put_text(std::span(answer_).subspan(16, 16), "software disk");
  put_text(std::span(answer_).subspan(32, 4), "1");
  return give(36, allowed);
}

ScsiResult ScsiDisk::vital_product_data(std::uint8_t page, std::size_t allowed) {
  answer_[1] = std::byte{page};
  if (page == 0x00) {  // supported pages
    answer_[3] = std::byte{2};
    answer_[5] = std::byte{0x80};
    return give(6, allowed);
  }
  if (page == 0x80) {  // serial number
    answer_[3] = std::byte{4};
    put_text(std::span(answer_).subspan(4, 4), "0001");
    return give(8, allowed);
  }
  return refuse({kIllegalRequest, kInvalidField});
}

ScsiResult ScsiDisk::request_sense(std::size_t allowed) {
  const Sense sense = std::exchange(sense_, {});
  answer_[0] = std::byte{0x70};  // fixed format, current
  answer_[2] = std::byte{sense.key};
  answer_[7] = std::byte{10};
  answer_[12] = std::byte{sense.code};
  return give(18, allowed);
}

// No pages and no block descriptor: not write protected, no cache to speak of.
ScsiResult ScsiDisk::mode_sense(std::size_t header, std::size_t allowed) {
  if (header == 4) {
    answer_[0] = std::byte{3};
  } else {
    answer_[1] = std::byte{6};
  }
  return give(header, allowed);
}

ScsiResult ScsiDisk::capacity_10() {
  const std::uint64_t last = std::min<std::uint64_t>(blocks_ - 1, UINT32_MAX);
  store_be<std::uint32_t>(answer_.data(), static_cast<std::uint32_t>(last));
  store_be<std::uint32_t>(answer_.data() + 4, kBlockBytes);
  return give(8, 8);
}

ScsiResult ScsiDisk::capacity_16(std::size_t allowed) {
  store_be<std::uint64_t>(answer_.data(), blocks_ - 1);
  store_be<std::uint32_t>(answer_.data() + 8, kBlockBytes);
  return give(32, allowed);
}

ScsiResult ScsiDisk::report_luns(std::size_t allowed) {
  answer_[3] = std::byte{8};  // one, number 0
  return give(16, allowed);
}

ScsiResult ScsiDisk::transfer(std::uint64_t block, std::uint64_t count, bool is_write) {
  if (block > blocks_ || count > blocks_ - block) {
    return refuse({kIllegalRequest, kBlockOutOfRange});
  }
  const auto bytes = image_.bytes().subspan(block * kBlockBytes, count * kBlockBytes);
  (is_write ? counters_.blocks_written : counters_.blocks_read) += count;
  if (is_write) return {true, {}, bytes};
  return {true, bytes, {}};
}

}  // namespace usbgw::device::software

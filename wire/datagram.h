// The header of every datagram: authenticated, not encrypted. Sealed records (wire/records.h) and
// the tag follow.
//
// offset  type  field                                     (network byte order)
//  0      u8[4] magic 'U' 'S' 'B', protocol version 1
//  4      u32   session index, chosen by the receiver
//  8      u64   packet number, never reused under a key
// 16      sealed records
// end-16  AES-128-GCM tag; bytes 0..15 are the associated data
#pragma once

#include <cstdint>
#include <span>

#include "wire/wire_error.h"

namespace usbgw::wire {

inline constexpr std::uint32_t kDatagramMagic = 0x5553'4201;
inline constexpr std::size_t kDatagramHeader = 16;
inline constexpr std::size_t kDatagramTag = 16;
inline constexpr std::size_t kDatagramOverhead = kDatagramHeader + kDatagramTag;

struct DatagramHeader {
  std::uint32_t session = 0;
  std::uint64_t packet = 0;
  bool operator==(const DatagramHeader&) const = default;
  // Of a whole datagram: truncated also when there is no room for the tag.
  [[nodiscard]] static WireResult<DatagramHeader> decode(std::span<const std::byte> datagram);
};

void encode(const DatagramHeader& header, std::span<std::byte, kDatagramHeader> to);

}  // namespace usbgw::wire

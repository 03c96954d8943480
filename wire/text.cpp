#include "wire/text.h"

#include <array>
#include <cstdint>

namespace usbgw::wire {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

struct Form {
  std::size_t bytes;
  std::uint32_t least;  // smallest code point of this length: shorter ones are overlong
};

Form form_of(std::uint8_t first) {
  if (first < 0x80) return {1, 0};
  if ((first & 0xE0) == 0xC0) return {2, 0x80};
  if ((first & 0xF0) == 0xE0) return {3, 0x800};
  if ((first & 0xF8) == 0xF0) return {4, 0x10000};
  return {0, 0};
}

bool is_allowed(std::uint32_t point) {
  const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return !control && !surrogate && point <= 0x10FFFF;
}

// Bytes of the printable character that starts here; 0 when there is none.
std::size_t printable_bytes(std::string_view text) {
  const Form form = form_of(byte_at(text, 0));
  if (form.bytes == 0 || form.bytes > text.size()) return 0;
  constexpr std::array<std::uint8_t, 5> kFirstBits{0, 0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t point = byte_at(text, 0) & kFirstBits[form.bytes];
  for (std::size_t i = 1; i < form.bytes; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (byte_at(text, i) & 0x3Fu);
  }
  return point >= form.least && is_allowed(point) ? form.bytes : 0;
}

}  // namespace

bool is_printable(std::string_view text, std::size_t most) {
  if (text.size() > most) return false;
  while (!text.empty()) {
    const std::size_t bytes = printable_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string make_printable(std::string_view text, std::size_t most) {
  std::string made;
  while (!text.empty()) {
    const std::size_t bytes = printable_bytes(text);
    const std::string_view character = bytes == 0 ? "?" : text.substr(0, bytes);
    if (made.size() + character.size() > most) break;
    made += character;
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return made;
}

}  // namespace usbgw::wire

#include "wire/text.h"

#include <gtest/gtest.h>

namespace usbgw::wire {
namespace {

TEST(Text, AcceptsUtf8UpToTheLimit) {
  EXPECT_TRUE(is_printable("Søndergård 録音 🎤", 64));
  EXPECT_TRUE(is_printable("abcd", 4));
  EXPECT_FALSE(is_printable("abcde", 4));
}

TEST(Text, RefusesControlCharactersAndBrokenUtf8) {
  for (const std::string_view text : {"a\nb", "\x1b[2J", "\x7f", "\xc2\x85", "\xff", "\xc3",
                                      "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    EXPECT_FALSE(is_printable(text, 64));
}

TEST(Text, MadePrintableReplacesAndCutsAtACharacter) {
  EXPECT_EQ(make_printable("a\nb\xff", 64), "a?b?");
  EXPECT_EQ(make_printable("ab\xc3\xb8", 3), "ab");
  EXPECT_EQ(make_printable("ab\xc3\xb8", 4), "ab\xc3\xb8");
}

}  // namespace
}  // namespace usbgw::wire

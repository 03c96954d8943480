#include "common/wiped.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>

namespace usbgw {
namespace {

constexpr std::byte kSecret{0xA5};

// What is left in memory where the object was.
template <class T>
std::size_t bytes_left(void (*use)(T&)) {
  alignas(T) std::byte memory[sizeof(T)];
  T* const object = new (memory) T();
  use(*object);
  std::destroy_at(object);
  const volatile std::byte* const seen = memory;
  std::size_t left = 0;
  for (std::size_t i = 0; i < sizeof memory; ++i) left += seen[i] == std::byte{} ? 0u : 1u;
  return left;
}

TEST(Wiped, NothingIsLeftOfWhatIsDestroyed) {
  EXPECT_EQ(bytes_left<Wiped<32>>([](Wiped<32>& key) { key.fill(kSecret); }), 0u);
  // The measure sees what is not wiped.
  using Plain = std::array<std::byte, 32>;
  EXPECT_EQ(bytes_left<Plain>([](Plain& key) {
              volatile std::byte* const bytes = key.data();
              for (std::size_t i = 0; i < key.size(); ++i) bytes[i] = kSecret;
            }),
            32u);
}

TEST(Wiped, CopyIsWipedByItselfAndLeavesTheOriginal) {
  Wiped<32> key;
  key.fill(kSecret);
  {
    const Wiped<32> copy = key;
    EXPECT_EQ(copy, key);
  }
  Wiped<32> same;
  same.fill(kSecret);
  EXPECT_EQ(key, same);
}

}  // namespace
}  // namespace usbgw

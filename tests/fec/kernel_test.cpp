// Every kernel of this machine against the definition of a Combination, by the scalar kernel's own
// arithmetic done here once more byte by byte.
#include "fec/kernel.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/random.h"
#include "fec/galois.h"

namespace usbgw::fec {
namespace {

using Bytes = std::vector<std::byte>;

struct Form {
  std::size_t sources = 1;
  std::size_t targets = 1;
  std::size_t size = 0;
  bool accumulates = false;
  std::size_t plain = 0;
  bool folds = false;
};

// Random sources, targets and coefficients at random alignments, with a guard around each target.
class Trial {
 public:
  Trial(const Form& form, Random& random) : form_(form) {
    for (std::size_t s = 0; s < form.sources; ++s) {
      const std::size_t shift = random.below(65);
      memory_.push_back(bytes(shift + form.size, random));
      sources_.push_back(memory_.back().data() + shift);
    }
    for (std::size_t t = 0; t < form.targets; ++t) {
      shifts_.push_back(random.below(65));
      targets_.push_back(bytes(shifts_.back() + form.size + kGuard, random));
    }
    for (std::size_t i = 0; i < form.sources * form.targets; ++i)
      coefficients_.push_back(
          static_cast<std::uint8_t>(random.chance(0.2) ? random.below(2) : random.next()));
  }

  [[nodiscard]] std::vector<Bytes> expected() const {
    std::vector<Bytes> result = targets_;
    for (std::size_t t = 0; t < form_.targets; ++t)
      for (std::size_t i = 0; i < form_.size; ++i) {
        std::byte& byte = result[t][shifts_[t] + i];
        if (!form_.accumulates) byte = {};
        for (std::size_t s = 0; s < form_.sources; ++s)
          byte ^=
              std::byte{multiply(std::to_integer<std::uint8_t>(sources_[s][i]), coefficient(s, t))};
      }
    if (form_.folds)
      for (std::size_t t = 1; t < form_.targets; ++t)
        for (std::size_t i = 0; i < form_.size; ++i)
          result[0][shifts_[0] + i] ^= result[t][shifts_[t] + i];
    return result;
  }

  [[nodiscard]] std::vector<Bytes> by(const Kernel& kernel) const {
    std::vector<Bytes> result = targets_;
    std::vector<std::byte*> targets;
    for (std::size_t t = 0; t < form_.targets; ++t)
      targets.push_back(result[t].data() + shifts_[t]);
    Combination task;
    task.sources = sources_.data();
    task.targets = targets.data();
    task.coefficients = coefficients_.data();
    task.source_count = form_.sources;
    task.target_count = form_.targets;
    task.size = form_.size;
    task.accumulates = form_.accumulates;
    task.plain = form_.plain;
    task.folds = form_.folds;
    kernel.combine(task);
    return result;
  }

 private:
  static constexpr std::size_t kGuard = 65;

  static Bytes bytes(std::size_t size, Random& random) {
    Bytes result(size);
    for (auto& byte : result) byte = static_cast<std::byte>(random.next());
    return result;
  }
  [[nodiscard]] std::uint8_t coefficient(std::size_t s, std::size_t t) const {
    if (t == 0 && form_.plain != 0) return s < form_.plain ? 1 : 0;
    return coefficients_[s * form_.targets + t];
  }

  Form form_;
  std::vector<Bytes> memory_;
  std::vector<const std::byte*> sources_;
  std::vector<Bytes> targets_;
  std::vector<std::size_t> shifts_;
  std::vector<std::uint8_t> coefficients_;
};

class EachKernel : public testing::TestWithParam<Kernel> {
 protected:
  void try_form(const Form& form) {
    const Trial trial(form, random_);
    ASSERT_EQ(trial.by(GetParam()), trial.expected())
        << form.sources << " sources, " << form.targets << " targets, " << form.size << " bytes"
        << (form.accumulates ? ", accumulating" : "") << (form.folds ? ", folding" : "") << ", "
        << form.plain << " plain";
  }

  Random random_{11};
};

INSTANTIATE_TEST_SUITE_P(Kernels, EachKernel, testing::ValuesIn(kernels()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(EachKernel, GivesEveryProductOfTheField) {
  Bytes from(256), to(256);
  for (unsigned i = 0; i < 256; ++i) from[i] = static_cast<std::byte>(i);
  for (unsigned factor = 0; factor < 256; ++factor) {
    std::fill(to.begin(), to.end(), std::byte{});
    GetParam().multiply_add(to, from, static_cast<std::uint8_t>(factor));
    for (unsigned i = 0; i < 256; ++i)
      ASSERT_EQ(std::to_integer<unsigned>(to[i]),
                multiply(static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(factor)));
  }
}

TEST_P(EachKernel, IsRightAtEverySizeUpToSomeBlocks) {
  for (std::size_t size = 0; size < 600; ++size) {
    try_form({3, 2, size});
    try_form({2, 5, size, true});
  }
}

TEST_P(EachKernel, IsRightForEveryNumberOfSourcesAndTargets) {
  for (std::size_t sources = 0; sources < 12; ++sources)
    for (std::size_t targets = 1; targets < 20; ++targets) {
      try_form({sources, targets, 150});
      try_form({sources, targets, 150, true});
    }
}

TEST_P(EachKernel, TreatsTargetZeroAsAPlainSumAndFoldsTheOthersIntoIt) {
  for (std::size_t targets = 1; targets <= kFusedTargets; ++targets)
    for (std::size_t sources = 1; sources < 9; ++sources)
      for (std::size_t plain = 1; plain <= sources; ++plain) {
        try_form({sources, targets, 200, false, plain});
        try_form({sources, targets, 200, false, plain, true});
        try_form({sources, targets, 77, true, plain});
        try_form({sources, targets, 77, false, 0, true});
      }
}

TEST_P(EachKernel, IsRightForFormsOfAnyShape) {
  for (int run = 0; run < 400; ++run) {
    Form form{1 + random_.below(33), 1 + random_.below(12), random_.below(2000)};
    form.accumulates = random_.chance(0.3);
    if (random_.chance(0.5)) form.plain = 1 + random_.below(form.sources);
    form.folds = !form.accumulates && form.targets <= kFusedTargets && random_.chance(0.3);
    try_form(form);
  }
}

TEST(Kernels, AreFoundByNameAndTheReferenceIsLast) {
  for (const Kernel& kernel : kernels()) EXPECT_EQ(find_kernel(kernel.name), &kernel);
  EXPECT_EQ(scalar_kernel().name, "scalar");
  EXPECT_EQ(find_kernel("abacus"), nullptr);
}

}  // namespace
}  // namespace usbgw::fec

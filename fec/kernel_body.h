// The algorithm of every vector kernel, once; each instruction set brings a Vector
// (kernel_avx512.cpp shows all that one has). Targets stay in registers while the sources go by, so
// that each source is loaded once for up to kFusedTargets targets, and each factor once for a row
// of registers.
//
// For files compiled for one instruction set only, and so without any other inline function.
#pragma once

#include "fec/combination.h"

// The register arrays below are arrays only in name.
#ifdef __clang__
#define USBGW_UNROLL _Pragma("clang loop unroll(full)")
#else
#define USBGW_UNROLL _Pragma("GCC unroll 16")
#endif
#define USBGW_INLINE __attribute__((always_inline)) inline

namespace usbgw::fec {
namespace {

// What the loops go by, copied once for a call: a store of bytes could change what a reference
// shows.
struct Plan {
  const std::byte* const* sources;
  std::byte* const* targets;
  const std::uint8_t* factors;  // of the first source in the first of the targets
  std::size_t stride;           // from one source's factors to the next one's
  std::size_t source_count;
  std::size_t plain;
  bool accumulates;
  bool folds;
};

// kTargets targets, kVectors registers of each from `offset` on, of which the last holds what Tail
// says.
template <class Vector, unsigned kTargets, unsigned kVectors, class Tail>
struct Block {
  using Register = typename Vector::Register;

  const Plan& plan;
  std::size_t offset;
  Tail tail;
  Register sum[kTargets][kVectors];

  USBGW_INLINE Register load(const std::byte* from, unsigned vector) const {
    const std::byte* const at = from + offset + vector * Vector::kBytes;
    return vector + 1 == kVectors ? Vector::load(at, tail) : Vector::load(at);
  }

  USBGW_INLINE void begin() {
    USBGW_UNROLL
    for (unsigned t = 0; t < kTargets; ++t) {
      USBGW_UNROLL
      for (unsigned v = 0; v < kVectors; ++v) sum[t][v] = Vector::zero();
    }
  }

  // Adds kSources sources: products to the targets from kFirstProduct on, and plainly to target 0
  // with kAddsPlain.
  template <unsigned kSources, bool kAddsPlain, unsigned kFirstProduct>
  USBGW_INLINE void add(const std::byte* const* sources, const std::uint8_t* factors) {
    typename Vector::Source value[kSources][kVectors];
    USBGW_UNROLL
    for (unsigned s = 0; s < kSources; ++s) {
      USBGW_UNROLL
      for (unsigned v = 0; v < kVectors; ++v) value[s][v] = Vector::source(load(sources[s], v));
    }
    if constexpr (kAddsPlain) {
      USBGW_UNROLL
      for (unsigned v = 0; v < kVectors; ++v) Vector::template add<kSources>(sum[0][v], value, v);
    }
    USBGW_UNROLL
    for (unsigned t = kFirstProduct; t < kTargets; ++t) {
      typename Vector::Factor factor[kSources];
      USBGW_UNROLL
      for (unsigned s = 0; s < kSources; ++s)
        factor[s] = Vector::factor(factors[s * plan.stride + t]);
      USBGW_UNROLL
      for (unsigned v = 0; v < kVectors; ++v)
        Vector::template add_products<kSources>(sum[t][v], factor, value, v);
    }
  }

  template <bool kAddsPlain, unsigned kFirstProduct>
  USBGW_INLINE void add_all(std::size_t begin, std::size_t end) {
    constexpr std::size_t kAtOnce = Vector::sources_at_once(kTargets);
    const std::byte* const* source = plan.sources + begin;
    const std::uint8_t* factors = plan.factors + begin * plan.stride;
    std::size_t left = end - begin;
    for (; left >= kAtOnce; left -= kAtOnce, source += kAtOnce, factors += kAtOnce * plan.stride)
      add<kAtOnce, kAddsPlain, kFirstProduct>(source, factors);
    if constexpr (kAtOnce > 1)
      if (left != 0) add<1, kAddsPlain, kFirstProduct>(source, factors);
  }

  USBGW_INLINE void finish() {
    if (plan.folds) {
      USBGW_UNROLL
      for (unsigned t = 1; t < kTargets; ++t) {
        USBGW_UNROLL
        for (unsigned v = 0; v < kVectors; ++v)
          sum[0][v] = Vector::exclusive_or(sum[0][v], sum[t][v]);
      }
    }
    USBGW_UNROLL
    for (unsigned t = 0; t < kTargets; ++t) {
      std::byte* const to = plan.targets[t];
      if (plan.accumulates) {
        USBGW_UNROLL
        for (unsigned v = 0; v < kVectors; ++v)
          sum[t][v] = Vector::exclusive_or(sum[t][v], load(to, v));
      }
      USBGW_UNROLL
      for (unsigned v = 0; v + 1 < kVectors; ++v)
        Vector::store(to + offset + v * Vector::kBytes, sum[t][v]);
      Vector::store(to + offset + (kVectors - 1) * Vector::kBytes, sum[t][kVectors - 1], tail);
    }
  }
};

template <class Vector, unsigned kTargets, unsigned kVectors, bool kPlain, class Tail>
USBGW_INLINE void compute(const Plan& plan, std::size_t offset, Tail tail) {
  Block<Vector, kTargets, kVectors, Tail> block{plan, offset, tail, {}};
  block.begin();
  if constexpr (kPlain) {
    block.template add_all<true, 1>(0, plan.plain);
    if constexpr (kTargets > 1) block.template add_all<false, 1>(plan.plain, plan.source_count);
  } else {
    block.template add_all<false, 0>(0, plan.source_count);
  }
  block.finish();
}

// A block of `vectors` registers, of which the last is cut by a run-time tail.
template <class Vector, unsigned kTargets, bool kPlain,
          unsigned kVectors = Vector::unroll(kTargets)>
USBGW_INLINE void compute_last(const Plan& plan, std::size_t offset, std::size_t vectors,
                               typename Vector::Tail tail) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors)
      return compute_last<Vector, kTargets, kPlain, kVectors - 1>(plan, offset, vectors, tail);
  }
  compute<Vector, kTargets, kVectors, kPlain>(plan, offset, tail);
}

template <class Vector, unsigned kTargets, bool kPlain>
void compute_targets(const Combination& task, std::size_t first) {
  constexpr std::size_t kUnroll = Vector::unroll(kTargets);
  const Plan plan{
      task.sources,      task.targets + first, task.coefficients + first, task.target_count,
      task.source_count, task.plain,           task.accumulates,          task.folds};
  const std::size_t size = task.size;
  std::size_t left = (size + Vector::kBytes - 1) / Vector::kBytes;
  std::size_t offset = 0;
  for (; left >= 2 * kUnroll; left -= kUnroll, offset += kUnroll * Vector::kBytes)
    compute<Vector, kTargets, kUnroll, kPlain>(plan, offset, typename Vector::Whole{});
  if (left > kUnroll) {  // two halves rather than a whole and a rest too short to be quick
    const std::size_t half = (left + 1) / 2;
    compute_last<Vector, kTargets, kPlain>(plan, offset, half, Vector::tail(Vector::kBytes));
    offset += half * Vector::kBytes;
    left -= half;
  }
  const std::size_t last = size - offset - (left - 1) * Vector::kBytes;
  compute_last<Vector, kTargets, kPlain>(plan, offset, left, Vector::tail(last));
}

template <class Vector, unsigned kTargets = 1>
void compute_some(const Combination& task, std::size_t first, std::size_t targets) {
  if constexpr (kTargets < kFusedTargets) {
    if (targets > kTargets) return compute_some<Vector, kTargets + 1>(task, first, targets);
  }
  if (first == 0 && task.plain != 0)
    compute_targets<Vector, kTargets, true>(task, first);
  else
    compute_targets<Vector, kTargets, false>(task, first);
}

template <class Vector>
void combine_vectors(const Combination& task) {
  if (task.size == 0) return;
  for (std::size_t first = 0; first < task.target_count; first += kFusedTargets) {
    const std::size_t left = task.target_count - first;
    compute_some<Vector>(task, first, left < kFusedTargets ? left : kFusedTargets);
  }
}

}  // namespace
}  // namespace usbgw::fec

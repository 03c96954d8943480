// What the machine can do at most, measured by code that shares nothing with fec/: a kernel's
// figure is read against these, in the same run.
#pragma once

#include <cstddef>
#include <span>

namespace usbgw::benchmarks {

// A chain of additions of one cycle each: their rate is the clock's.
inline constexpr std::size_t kAdditionsPerRound = 16;
void probe_additions(std::size_t iterations);

// Whether this machine has what the functions below run on: AVX-512 and GFNI.
[[nodiscard]] bool has_probes();

// vgf2p8affineqb on 64-byte registers, nothing else: runs `iterations` rounds of this many bytes.
inline constexpr std::size_t kProductBytesPerRound = 16u * 64u;
void probe_products(std::size_t iterations);

// Reads every source once and writes every target once, 256 bytes of each at a time, with no
// arithmetic but what keeps the loads alive. `size` is rounded up to 64 in the buffers.
void probe_traffic(std::span<const std::byte* const> sources, std::span<std::byte* const> targets,
                   std::size_t size);

}  // namespace usbgw::benchmarks

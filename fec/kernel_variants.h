// The kernels of single instruction sets, each in a file of its own that is compiled for it. Each
// needs what its name says, but combine_scalar; kernel.cpp asks the processor.
#pragma once

#include "fec/combination.h"

namespace usbgw::fec {

void combine_scalar(const Combination& task);
void combine_avx2(const Combination& task);
void combine_avx2_gfni(const Combination& task);
void combine_avx512(const Combination& task);
void combine_avx512_gfni(const Combination& task);

}  // namespace usbgw::fec

// Sums and extremes over a warp.
//
// Scope: warp; all 32 lanes must call. Shared memory: none. Barriers: none.
#pragma once
#include "../ptx/reduce.cuh"
#include "types.cuh"

// The least value of the warp, in every lane.
template <class Word>
__device__ __forceinline__ Word warp_least(Word value) {
    return ~warp_greatest(~value);
}

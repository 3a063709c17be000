// Sums and extremes over a warp.
//
// Scope: warp; all 32 lanes must call. Shared memory: none. Barriers: none.
#pragma once
#include "../ptx/reduce.cuh"
#include "types.cuh"

// The sum of `value` over the lanes up to and with this one.
__device__ __forceinline__ u32 warp_sum_through(u32 value, u32 lane) {
#pragma unroll
    for (u32 distance = 1; distance < WARP_SIZE; distance *= 2) {
        const u32 below = __shfl_up_sync(FULL_MASK, value, distance);
        value += lane >= distance ? below : 0;
    }
    return value;
}

// The least value of the warp, in every lane.
template <class Word>
__device__ __forceinline__ Word warp_least(Word value) {
    return ~warp_greatest(~value);
}

// Sums and maxima over a warp: one instruction of 32 bits from sm_80 on, shuffles before, for 64 bits and in
// the interpreter.
//
// Scope: warp; all 32 lanes must call. Shared memory: none. Barriers: none.
#pragma once
#include "integers.cuh"

// The sum over the warp, in every lane.
__device__ __forceinline__ u32 warp_sum(u32 value) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    return __reduce_add_sync(FULL_MASK, value);
#else
#pragma unroll
    for (u32 distance = WARP_SIZE / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(FULL_MASK, value, distance);
    }
    return value;
#endif
}

// The greatest value of the warp, in every lane.
template <class Word>
__device__ __forceinline__ Word warp_greatest(Word value) {
#pragma unroll
    for (u32 distance = WARP_SIZE / 2; distance > 0; distance /= 2) {
        value = max(value, __shfl_xor_sync(FULL_MASK, value, distance));
    }
    return value;
}
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
__device__ __forceinline__ u32 warp_greatest(u32 value) { return __reduce_max_sync(FULL_MASK, value); }
#endif

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

// The sum over the lanes up to and with this one. A shuffle tells by itself whether there is a lane below.
__device__ __forceinline__ u32 warp_sum_through(u32 value, u32 lane) {
#if defined(__CUDA_ARCH__)
#pragma unroll
    for (u32 distance = 1; distance < WARP_SIZE; distance *= 2) {
        asm("{\n\t.reg .pred p;\n\t.reg .u32 below;\n\tshfl.sync.up.b32 below|p, %0, %1, 0, -1;\n\t"
            "@p add.u32 %0, %0, below;\n\t}"
            : "+r"(value)
            : "r"(distance));
    }
#else
    for (u32 distance = 1; distance < WARP_SIZE; distance *= 2) {
        const u32 below = __shfl_up_sync(FULL_MASK, value, distance);
        value += lane >= distance ? below : 0;
    }
#endif
    return value;
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

// Counts keys by one digit.
//
// Scope: block. Shared memory: BINS words. Barriers: none; the caller places one between clear
// and add, and one between add and the search of the threshold bin.
// A digit is log2(BINS) bits of the key's distance from the least active key.
#pragma once
#include "types.cuh"

template <u32 BINS>
struct alignas(16) Histogram {
    static_assert(BINS >= 2 && (BINS & (BINS - 1)) == 0, "a digit is a whole number of bits");

    u32 counts[BINS];

    template <u32 THREADS>
    __device__ __forceinline__ void clear() {
        for (u32 bin = threadIdx.x; bin < BINS; bin += THREADS) {
            counts[bin] = 0;
        }
    }

    __device__ __forceinline__ void add(u32 bin) { atomicAdd(&counts[bin], 1u); }
};

// Counts keys by one digit.
//
// Scope: block. Shared memory: BINS words. Barriers: none; the caller places one between clear
// and add, one between add and read, and one between read and clear.
// A digit is log2(BINS) bits of the key's distance from the least active key.
#pragma once
#include "types.cuh"

template <u32 BINS>
struct alignas(16) Histogram {
    static_assert(BINS >= 4 && (BINS & (BINS - 1)) == 0, "a digit is a whole number of bits");

    u32 counts[BINS];

    template <u32 THREADS>
    __device__ __forceinline__ void clear() {
#pragma unroll
        for (u32 bin = threadIdx.x * 4; bin < BINS; bin += THREADS * 4) {
            *reinterpret_cast<uint4*>(counts + bin) = uint4{0, 0, 0, 0};
        }
    }

    // The counts of N bins from `first`, a multiple of N. Four bins are one load: with 8 bins a
    // thread and single words, eight lanes of a warp would wait for one bank.
    template <u32 N>
    __device__ __forceinline__ void read(u32 first, u32 (&into)[N]) const {
        if constexpr (N % 4 == 0) {
#pragma unroll
            for (u32 i = 0; i < N; i += 4) {
                const uint4 four = *reinterpret_cast<const uint4*>(counts + first + i);
                into[i] = four.x;
                into[i + 1] = four.y;
                into[i + 2] = four.z;
                into[i + 3] = four.w;
            }
        } else {
#pragma unroll
            for (u32 i = 0; i < N; ++i) {
                into[i] = counts[first + i];
            }
        }
    }

    // The sum of the N bins from `first`. The lanes of a warp sum adjacent groups of bins, and each lane
    // begins at another four of its bins: else several lanes would wait for one bank.
    template <u32 N>
    __device__ __forceinline__ u32 sum(u32 first) const {
        u32 sum = 0;
        if constexpr (N % 4 == 0) {
            constexpr u32 FOURS = N / 4;
            const u32 turn = threadIdx.x * FOURS / 8;
#pragma unroll
            for (u32 i = 0; i < FOURS; ++i) {
                const u32 at = first + (i + turn) % FOURS * 4;
                const uint4 four = *reinterpret_cast<const uint4*>(counts + at);
                sum += four.x + four.y + four.z + four.w;
            }
        } else {
#pragma unroll
            for (u32 i = 0; i < N; ++i) {
                sum += counts[first + i];
            }
        }
        return sum;
    }

    __device__ __forceinline__ void add(u32 bin) { atomicAdd(&counts[bin], 1u); }
};

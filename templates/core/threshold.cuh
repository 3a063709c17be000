// Finds the bin that holds the last winner.
//
// Scope: block; every thread must call. Shared memory: a word for each of 32 warps, and three more.
// Barriers: two inside, the last of them after the result is written; the histogram must be
// complete (a barrier) before the call, and may be changed after it.
// Preconditions: 1 <= wanted <= the sum of all counts; blockDim.x == THREADS, whole warps, at most
// 32.
#pragma once
#include "histogram.cuh"
#include "types.cuh"
#include "warp.cuh"

struct ThresholdBin {
    u32 bin;     // the greatest bin such that it and the bins above hold at least `wanted` keys
    u32 above;   // keys in the bins above it; fewer than `wanted`
    u32 inside;  // keys in it
};

// KEEPS_COUNTS: counts stay in registers over the barrier. Without it, for kernels that have none to spare,
// the one thread with the threshold bin reads them again.
template <u32 THREADS, bool KEEPS_COUNTS = true>
struct ThresholdSearch {
    static_assert(THREADS % WARP_SIZE == 0 && THREADS <= 1024, "a CTA is whole warps, 32 at most");

    u32 warp_totals[WARP_SIZE];
    ThresholdBin found;

    template <u32 BINS>
    __device__ __forceinline__ ThresholdBin find(const Histogram<BINS>& histogram, u32 wanted) {
        // Thread 0 owns the uppermost bins, so that a running sum counts from the top.
        constexpr u32 OWNED = BINS > THREADS ? BINS / THREADS : 1;
        constexpr u32 OWNERS = BINS / OWNED;
        const bool owner = OWNERS == THREADS || threadIdx.x < OWNERS;
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 lowest = owner ? BINS - (threadIdx.x + 1) * OWNED : 0;
        constexpr u32 AT_ONCE = OWNED < 8 ? OWNED : 8;
        constexpr bool KEPT = KEEPS_COUNTS && OWNED == AT_ONCE;
        u32 counts[AT_ONCE] = {};
        u32 owned = 0;
        if constexpr (KEPT) {
            if (owner) {
                histogram.template read<AT_ONCE>(lowest, counts);
            }
#pragma unroll
            for (u32 i = 0; i < AT_ONCE; ++i) {
                owned += counts[i];
            }
        } else {
            owned = owner ? histogram.template sum<OWNED>(lowest) : 0;
        }
        const u32 total = warp_sum(owned);
        if (lane == 0) {
            warp_totals[warp] = total;
        }
        __syncthreads();
        // Only the warp with the threshold bin continues: an instruction of all warps takes as many issue
        // slots as a scheduler has warps.
        u32 above = warp_sum(lane < warp ? warp_totals[lane] : 0);
        if (above < wanted && wanted <= above + total) {
            above += warp_sum_through(owned, lane) - owned;
            if (above < wanted && wanted <= above + owned) {
#pragma unroll 1
                for (u32 left = OWNED; left > 0; left -= AT_ONCE) {
                    const u32 first = lowest + left - AT_ONCE;
                    if constexpr (!KEPT) {
                        histogram.template read<AT_ONCE>(first, counts);
                    }
#pragma unroll
                    for (u32 i = AT_ONCE; i-- > 0;) {
                        if (above < wanted && wanted <= above + counts[i]) {
                            found = {first + i, above, counts[i]};
                        }
                        above += counts[i];
                    }
                }
            }
        }
        __syncthreads();
        return found;
    }
};

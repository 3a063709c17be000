// Finds the bin that holds the last winner, in each warp by itself: for few bins, this takes less than a
// barrier more.
//
// Scope: warp; all 32 lanes must call. Shared memory: the histogram. Barriers: none; the histogram must be
// complete (a barrier) before the call.
// Preconditions: 1 <= wanted <= the sum of all counts, which is below 65536.
#pragma once
#include "histogram.cuh"
#include "threshold.cuh"
#include "types.cuh"
#include "warp.cuh"

template <u32 BINS>
struct WarpSearch {
    static constexpr u32 OWNED = BINS / WARP_SIZE;
    static_assert(OWNED == 1 || OWNED == 8, "a lane owns one bin, or two loads of four");

    static __device__ __forceinline__ ThresholdBin find(const Histogram<BINS>& histogram, u32 wanted) {
        // Lane 0 owns the uppermost bins, so that a running sum counts from the top.
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 lowest = BINS - (lane + 1) * OWNED;
        u32 through[OWNED];  // from the lane's uppermost bin down to each
        histogram.template read<OWNED>(lowest, through);
#pragma unroll
        for (u32 i = OWNED - 1; i-- > 0;) {
            through[i] += through[i + 1];
        }
        const u32 last = warp_sum_through(through[0], lane);
        const u32 above = last - through[0];
        // The first lane that reaches `wanted` tells the others.
        const u32 owner = __ffs(__ballot_sync(FULL_MASK, last >= wanted)) - 1;
        u32 passed = 0;
        u32 before = 0;
        u32 reached = through[0];
#pragma unroll
        for (u32 i = OWNED; i-- > 1;) {
            const bool is_passed = above + through[i] < wanted;
            passed += is_passed;
            before = is_passed ? through[i] : before;
        }
#pragma unroll
        for (u32 i = 1; i < OWNED; ++i) {
            reached = above + through[i] >= wanted ? through[i] : reached;
        }
        const u32 bin = __shfl_sync(FULL_MASK, lowest + OWNED - 1 - passed, owner);
        const u32 counts = __shfl_sync(FULL_MASK, (above + before) << 16 | (reached - before), owner);
        return {bin, counts >> 16, counts & 0xFFFFu};
    }
};

// Finds the bin that holds the last winner, in each warp by itself: with few bins, this takes less than a
// search by all warps and the barrier that it needs.
//
// Scope: warp; all 32 lanes must call. Shared memory: the histogram. Barriers: none; the histogram must be
// complete (a barrier) before the call.
// Preconditions: 1 <= wanted <= the sum of all counts, which is below 2^16.
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
        const u32 last = warp_prefix(through[0]);
        // The first lane that reaches `wanted` has the bin.
        const u32 owner = __ffs(__ballot_sync(FULL_MASK, last >= wanted)) - 1;
        const u32 above = last - through[0];
        if constexpr (OWNED == 1) {
            const u32 counts = __shfl_sync(FULL_MASK, above << 16 | through[0], owner);
            return {BINS - 1 - owner, counts >> 16, counts & 0xFFFFu};
        } else {
            // Bisect the lane's bins.
            const u32 left = wanted - above;
            const bool of_4 = through[4] < left;
            const u32 two = of_4 ? through[2] : through[6];
            const bool of_2 = two < left;
            const u32 one = of_4 ? (of_2 ? through[1] : through[3]) : (of_2 ? through[5] : through[7]);
            const bool of_1 = one < left;
            const u32 passed = 4 * of_4 + 2 * of_2 + of_1;
            const u32 before = of_1 ? one : of_2 ? two : of_4 ? through[4] : 0;
            const u32 found = __shfl_sync(FULL_MASK, (above + before) << 8 | (lowest + 7 - passed), owner);
            const u32 bin = found % BINS;
            return {bin, found / BINS, histogram.counts[bin]};
        }
    }
};

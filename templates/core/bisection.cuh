// Finds the bin that holds the last winner, as `threshold.cuh` does, but by fours of bins and then by halves:
// for many bins a thread, this takes fewer steps than bin by bin.
//
// Scope: block; every thread must call. Shared memory: a word for each of 32 warps, and three more.
// Barriers: two inside, the last of them after the result is written; the histogram must be complete (a
// barrier) before the call, and may be changed after it.
// Preconditions: 1 <= wanted <= the sum of all counts; blockDim.x == THREADS, whole warps, at most 32.
#pragma once
#include "histogram.cuh"
#include "threshold.cuh"
#include "types.cuh"
#include "warp.cuh"

template <u32 THREADS>
struct BisectionSearch {
    static_assert(THREADS % WARP_SIZE == 0 && THREADS <= 1024, "a CTA is whole warps, 32 at most");

    u32 warp_totals[WARP_SIZE];
    ThresholdBin found;

    template <u32 BINS>
    __device__ __forceinline__ ThresholdBin find(const Histogram<BINS>& histogram, u32 wanted) {
        // Thread 0 owns the uppermost bins, so that a running sum counts from the top.
        constexpr u32 OWNED = BINS > 4 * THREADS ? BINS / THREADS : 4;
        constexpr u32 OWNERS = BINS / OWNED;
        const bool owner = OWNERS == THREADS || threadIdx.x < OWNERS;
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 lowest = owner ? BINS - (threadIdx.x + 1) * OWNED : 0;
        const u32 owned = owner ? histogram.template sum<OWNED>(lowest) : 0;
        const u32 total = warp_sum(owned);
        if (lane == 0) {
            warp_totals[warp] = total;
        }
        __syncthreads();
        // Only the warp with the threshold bin continues, and of it one thread.
        u32 above = warp_sum(lane < warp ? warp_totals[lane] : 0);
        if (above < wanted && wanted <= above + total) {
            above += warp_sum_through(owned, lane) - owned;
            if (above < wanted && wanted <= above + owned) {
                const ThresholdBin four = find_four<OWNED>(histogram, {lowest, above, 0}, wanted);
                u32 counts[4];
                histogram.template read<4>(four.bin, counts);
                found = bisect(counts, four, wanted);
            }
        }
        __syncthreads();
        return found;
    }

   private:
    // Of the N bins from `range.bin` on, the four with the threshold bin.
    template <u32 N, u32 BINS>
    static __device__ __forceinline__ ThresholdBin find_four(const Histogram<BINS>& histogram,
                                                             const ThresholdBin& range, u32 wanted) {
        ThresholdBin four = {range.bin + N - 4, range.above, 0};
        u32 above = range.above;
#pragma unroll
        for (u32 i = N - 4; i > 0; i -= 4) {
            u32 counts[4];
            histogram.template read<4>(range.bin + i, counts);
            above += counts[0] + counts[1] + counts[2] + counts[3];
            const bool is_passed = above < wanted;
            four.bin -= is_passed ? 4 : 0;
            four.above = is_passed ? above : four.above;
        }
        return four;
    }

    // The threshold bin among bins with these counts, by halves.
    template <u32 N>
    static __device__ __forceinline__ ThresholdBin bisect(const u32 (&counts)[N], const ThresholdBin& range,
                                                          u32 wanted) {
        if constexpr (N == 1) {
            return {range.bin, range.above, counts[0]};
        } else {
            u32 reached = range.above;
#pragma unroll
            for (u32 i = N / 2; i < N; ++i) {
                reached += counts[i];
            }
            const bool is_passed = reached < wanted;
            u32 half[N / 2];
#pragma unroll
            for (u32 i = 0; i < N / 2; ++i) {
                half[i] = is_passed ? counts[i] : counts[N / 2 + i];
            }
            const ThresholdBin left = {range.bin + (is_passed ? 0 : N / 2), is_passed ? reached : range.above, 0};
            return bisect(half, left, wanted);
        }
    }
};

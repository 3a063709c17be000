// Running sums over the threads of a CTA.
//
// Scope: block; every thread must call. Shared memory: one word a warp. Barriers: one inside;
// the caller places one before the shared words are used again.
// Precondition: blockDim.x == THREADS, a multiple of the warp size.
#pragma once
#include "types.cuh"
#include "warp.cuh"

template <u32 THREADS>
struct BlockScan {
    static_assert(THREADS % WARP_SIZE == 0 && THREADS <= 1024, "a CTA is whole warps, 32 at most");
    static constexpr u32 WARPS = THREADS / WARP_SIZE;

    alignas(16) u32 warp_totals[WARPS];

    // The sum of `value` over the threads before this one.
    __device__ __forceinline__ u32 sum_before(u32 value) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 through = warp_sum_through(value, lane);
        if (lane == WARP_SIZE - 1) {
            warp_totals[warp] = through;
        }
        __syncthreads();
        // Every thread adds up the totals for itself: they are few, and a broadcast is one load.
        u32 before = through - value;
#pragma unroll
        for (u32 other = 0; other < WARPS; ++other) {
            before += other < warp ? warp_totals[other] : 0;
        }
        return before;
    }
};

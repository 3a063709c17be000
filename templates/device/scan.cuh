// Running sums over the threads of a CTA.
//
// Scope: block; every thread must call. Shared memory: one word a warp. Barriers: one inside;
// the caller places one before the shared words are used again.
// Precondition: blockDim.x == THREADS, a multiple of the warp size.
#pragma once
#include "types.cuh"

template <u32 THREADS>
struct BlockScan {
    static_assert(THREADS % WARP_SIZE == 0 && THREADS <= 1024, "a CTA is whole warps, 32 at most");
    static constexpr u32 WARPS = THREADS / WARP_SIZE;

    u32 warp_totals[WARPS];

    // The sum of `value` over the threads before this one.
    __device__ __forceinline__ u32 sum_before(u32 value) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 through = warp_sum_through(value, lane);
        if (lane == WARP_SIZE - 1) {
            warp_totals[warp] = through;
        }
        __syncthreads();
        const u32 total = lane < WARPS ? warp_totals[lane] : 0;
        const u32 totals_through = warp_sum_through(total, lane);
        const u32 warps_before = __shfl_sync(FULL_MASK, totals_through - total, warp);
        return warps_before + through - value;
    }

    // The sum of `value` over the lanes up to and with this one.
    static __device__ __forceinline__ u32 warp_sum_through(u32 value, u32 lane) {
#pragma unroll
        for (u32 distance = 1; distance < WARP_SIZE; distance *= 2) {
            const u32 below = __shfl_up_sync(FULL_MASK, value, distance);
            value += lane >= distance ? below : 0;
        }
        return value;
    }
};

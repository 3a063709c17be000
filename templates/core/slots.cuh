// Places for the winners and the candidates that the threads of a CTA write.
//
// Scope: warp; all 32 lanes must call. Shared memory: the counter. Barriers: none; the caller places
// one between the counter's reset and this.
// Precondition of `reserve_slots`: fewer than 65536 of each.
#pragma once
#include "types.cuh"
#include "warp.cuh"

// The first place of this thread among the winners and among the candidates.
struct Slots {
    u32 winner;
    u32 candidate;
};

// The first of `count` places for this thread.
__device__ __forceinline__ u32 reserve_slot(u32& reserved, u32 count) {
    const u32 lane = threadIdx.x % WARP_SIZE;
    const u32 through = warp_sum_through(count, lane);
    u32 first = 0;
    if (lane == WARP_SIZE - 1) {
        first = atomicAdd(&reserved, through);
    }
    return __shfl_sync(FULL_MASK, first, WARP_SIZE - 1) + through - count;
}

// The first places among the winners and among the candidates. One word counts both.
__device__ __forceinline__ Slots reserve_slots(u32& reserved, u32 winners, u32 candidates) {
    const u32 first = reserve_slot(reserved, winners << 16 | candidates);
    return {first >> 16, first & 0xFFFFu};
}

// The threads that finish a row together, and the shared memory that they no longer use for anything else.
//
// Scope: thread. Shared memory: none of its own; an output that sorts uses the kernel's, from `room` on.
// Barriers: none.
#pragma once
#include "../core/types.cuh"

// A whole CTA.
template <u32 THREADS>
struct BlockTeam {
    static constexpr u32 SIZE = THREADS;
    static constexpr u32 TEAMS = 1;  // of a CTA, which share its room
    void* room;

    __device__ __forceinline__ u32 rank() const { return threadIdx.x; }
    __device__ __forceinline__ u32 number() const { return 0; }
};

// One of the warps of a CTA.
template <u32 WARPS>
struct WarpTeam {
    static constexpr u32 SIZE = WARP_SIZE;
    static constexpr u32 TEAMS = WARPS;
    void* room;

    __device__ __forceinline__ u32 rank() const { return threadIdx.x % WARP_SIZE; }
    __device__ __forceinline__ u32 number() const { return threadIdx.x / WARP_SIZE; }
};

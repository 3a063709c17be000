// The threads that finish a row together, and the shared memory that they no longer use for anything else.
//
// Scope: thread. Shared memory: none of its own; an output that sorts uses the kernel's, from `room` on.
// Barriers: none.
#pragma once
#include "../core/types.cuh"

// A whole CTA. The first KEPT bytes of its shared memory are mbarriers, if it has any: no ordinary store may go to
// an mbarrier's memory, even after its last use.
template <u32 THREADS, u32 KEPT = 0>
struct BlockTeam {
    static constexpr u32 SIZE = THREADS;
    static constexpr u32 TEAMS = 1;  // of a CTA, which share its room
    static constexpr u32 ROOM_AT = (KEPT + 15) / 16 * 16;
    void* room;

    template <class Shared>
    static __device__ __forceinline__ BlockTeam of(Shared& shared) {
        return {reinterpret_cast<u8*>(&shared) + ROOM_AT};
    }

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

// The least and the greatest key of a set.
//
// Scope: warp; all 32 lanes must call. Shared memory: two words of the caller, for the extremes of a CTA.
// Barriers: none; the caller places one between `of_none` and `add_to`, and one between `add_to` and the
// reads.
#pragma once
#include "../core/types.cuh"
#include "../core/warp.cuh"

struct Extremes {
    u32 least;
    u32 greatest;

    static __device__ __forceinline__ Extremes of_none() { return {~0u, 0}; }

    // The extremes of the keys of a warp, in every lane. for_each(visit) calls visit(key, ...) for each
    // key of this thread.
    template <class ForEach>
    static __device__ __forceinline__ Extremes of_warp(ForEach for_each) {
        u32 least = ~0u;
        u32 greatest = 0;
        for_each([&](auto key, auto...) {
            least = min(least, u32(key));
            greatest = max(greatest, u32(key));
        });
        least = warp_least(least);
        greatest = warp_greatest(greatest);
        return {least, greatest};
    }

    // Adds the extremes of a warp to the extremes of the CTA, in shared memory.
    __device__ __forceinline__ void add_to(Extremes& shared) const {
        if (threadIdx.x % WARP_SIZE == 0) {
            atomicMin(&shared.least, least);
            atomicMax(&shared.greatest, greatest);
        }
    }
};

// The least and the greatest key of a set.
//
// Scope: warp; all 32 lanes must call. Shared memory: two keys of the caller, for the extremes of a CTA.
// Barriers: none; the caller places one between `of_none` and `add_to`, and one between `add_to` and the
// reads.
#pragma once
#include "../core/types.cuh"
#include "../core/warp.cuh"

template <class Wide>
struct Extremes {
    Wide least;
    Wide greatest;

    // As words of 64 bits, for an exchange.
    struct Words {
        u64 words[sizeof(Wide) / sizeof(u32)];
    };
    __device__ __forceinline__ Words words() const {
        Words both;
        if constexpr (sizeof(Wide) == sizeof(u32)) {
            both.words[0] = u64(greatest) << 32 | least;
        } else {
            both.words[0] = least;
            both.words[1] = greatest;
        }
        return both;
    }
    static __device__ __forceinline__ Extremes of(const Words& both) {
        if constexpr (sizeof(Wide) == sizeof(u32)) {
            return {u32(both.words[0]), u32(both.words[0] >> 32)};
        } else {
            return {both.words[0], both.words[1]};
        }
    }

    static __device__ __forceinline__ Extremes of_none() { return {~Wide(0), 0}; }

    // The extremes of the keys of a warp, in every lane. for_each(visit) calls visit(key, ...) for each
    // key of this thread.
    template <class ForEach>
    static __device__ __forceinline__ Extremes of_warp(ForEach for_each) {
        Wide least = ~Wide(0);
        Wide greatest = 0;
        for_each([&](auto key, auto...) {
            least = min(least, Wide(key));
            greatest = max(greatest, Wide(key));
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

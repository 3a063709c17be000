// Ranks the candidates of a threshold bin, in shared memory: compares each with each.
//
// Scope: warp; whole CTAs share the work. Shared memory: CAPACITY entries. Barriers: none.
// Preconditions: the entries are written before a barrier or its like; entries are unique;
// candidates <= CAPACITY.
#pragma once
#include "types.cuh"
#include "warp.cuh"

template <class Config, u32 CAPACITY>
struct Ranking {
    using Ordinal = typename Config::Ordinal;
    using Wide = typename Ordinal::Wide;
    using Entry = typename Ordinal::Entry;
    static constexpr u32 THREADS = Config::THREADS;
    // Lanes that compare one candidate with the others: all of a warp where a CTA's share is small.
    static constexpr u32 SHARING = Config::CLUSTER < 4 ? 8 : WARP_SIZE;

    Entry entries[CAPACITY];

    // Calls write(slot, column, key) for each candidate from `first` to before `last` that is among the best
    // `wanted` of all, with slots from `place` on. SHARING lanes together count the candidates that are
    // better than one.
    template <class Write>
    __device__ __forceinline__ void rank(u32 candidates, u32 first, u32 last, u32 wanted, u32 place,
                                         Write write) const {
        const u32 lane = threadIdx.x % WARP_SIZE;
        for (u32 from = first + threadIdx.x / WARP_SIZE * (WARP_SIZE / SHARING); from < last;
             from += THREADS / SHARING) {
            const u32 mine = from + lane / SHARING;
            const Entry entry = mine < last ? entries[mine] : Ordinal::entry(~Wide(0), ~0u);
            u32 better = 0;
#pragma unroll 4
            for (u32 other = lane % SHARING; other < candidates; other += SHARING) {
                better += entries[other] > entry;
            }
#pragma unroll
            for (u32 distance = 1; distance < SHARING; distance *= 2) {
                better += __shfl_xor_sync(FULL_MASK, better, distance);
            }
            if (lane % SHARING == 0 && mine < last && better < wanted) {
                write(place + better, Ordinal::column_of(entry), Ordinal::key_of(entry));
            }
        }
    }
};

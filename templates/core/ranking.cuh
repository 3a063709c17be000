// The candidates of a threshold bin, collected on chip, and their ranks: each is compared with each.
//
// Scope: warp; whole CTAs share the work. Shared memory: CAPACITY entries. Barriers: none.
// Preconditions: the entries are written before a barrier or its like; entries are unique;
// candidates <= CAPACITY.
#pragma once
#include "types.cuh"
#include "warp.cuh"

// A candidate: the better, the greater.
__device__ __forceinline__ u64 entry_of(u32 key, u32 column) { return u64(key) << 32 | column; }
__device__ __forceinline__ u32 key_of(u64 entry) { return u32(entry >> 32); }
__device__ __forceinline__ u32 column_of(u64 entry) { return u32(entry); }

template <class Config, u32 CAPACITY>
struct Ranking {
    static constexpr u32 THREADS = Config::THREADS;
    // Lanes that compare one candidate with the others: all of a warp where a CTA's share is small.
    static constexpr u32 SHARING = Config::CLUSTER < 4 ? 8 : WARP_SIZE;

    u64 entries[CAPACITY];

    // Calls write(slot, column, key) for those of the candidates from `first` to before `last` that are
    // among the best `wanted` of all, with slots from `place` on. Some lanes count those that are
    // better than one candidate.
    template <class Write>
    __device__ __forceinline__ void rank(u32 candidates, u32 first, u32 last, u32 wanted, u32 place,
                                         Write write) const {
        const u32 lane = threadIdx.x % WARP_SIZE;
        for (u32 from = first + threadIdx.x / WARP_SIZE * (WARP_SIZE / SHARING); from < last;
             from += THREADS / SHARING) {
            const u32 mine = from + lane / SHARING;
            const u64 entry = mine < last ? entries[mine] : ~u64(0);
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
                write(place + better, column_of(entry), key_of(entry));
            }
        }
    }
};

// Selects the winners from up to CAPACITY candidates of a threshold bin, in shared memory.
//
// Scope: block; every thread must call. Shared memory: CAPACITY entries, two keys a warp and a
// counter; the caller's histogram and search. Barriers: none with RANKED candidates or fewer, else
// several a pass.
// Preconditions: the entries are written, and the histogram is no longer read, both before a
// barrier; 1 <= wanted <= candidates <= CAPACITY; entries are unique.
//
// RANKED candidates or fewer are ranked each against each. More are first narrowed by radix passes, each
// over the range from the least to the greatest key.
#pragma once
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/ranking.cuh"
#include "../core/slots.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "extremes.cuh"
#include "radix_pass.cuh"

template <class Config>
struct FewCandidates {
    using Ordinal = typename Config::Ordinal;
    using Entry = typename Ordinal::Entry;
    using Wide = typename Ordinal::Wide;
    using Active = ActiveRange<Wide, Config::DIGIT_BITS>;
    using Counts = Histogram<Config::BINS>;
    using Search = ThresholdSearch<Config::THREADS>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 WARPS = THREADS / WARP_SIZE;
    static constexpr u32 CAPACITY = 512;
    // The most candidates that are ranked. With more, a radix pass costs less: 1 x 131072 f32, k = 2048,
    // 6.3 us with 192 and 5.8 us with 128 (H200).
    static constexpr u32 RANKED = 128;
    static constexpr u32 EACH = CAPACITY > THREADS ? CAPACITY / THREADS : 1;

    Ranking<Config, CAPACITY> all;
    Wide least[WARP_SIZE];
    Wide greatest[WARP_SIZE];
    u32 reserved;

    // Calls write(slot, column, key) for the best `wanted` of `candidates`, with slots from 0 on.
    template <class Write>
    __device__ __forceinline__ void select(Counts& histogram, Search& search, u32 candidates,
                                           u32 wanted, Write write) {
        if (candidates <= RANKED) {
            all.rank(candidates, 0, candidates, wanted, 0, write);
        } else {
            narrow(histogram, search, candidates, wanted, write);
        }
    }

    // Calls visit(key) for each candidate of this thread.
    template <class Visit>
    __device__ __forceinline__ void for_each_key(u32 candidates, Visit visit) const {
        for (u32 i = threadIdx.x; i < candidates; i += THREADS) {
            visit(Ordinal::key_of(all.entries[i]));
        }
    }

   private:
    // Not inlined: it would take registers from the common path.
    template <class Write>
    __device__ __noinline__ void narrow(Counts& histogram, Search& search, u32 candidates, u32 wanted,
                                        Write write) {
        u32 place = 0;
        while (candidates > RANKED && candidates > wanted) {
            histogram.template clear<THREADS>();
            if (threadIdx.x == 0) {
                reserved = 0;
            }
            const Active active = find_extremes(candidates);
            if (active.least == active.greatest) {
                break;
            }
            Active inside;
            const auto find = [&] { return search.find(histogram, wanted); };
            const ThresholdBin threshold =
                radix_pass(histogram, active, *this, candidates, find, inside);
            split(candidates, inside,
                  [&](u32 slot, u32 column, Wide key) { write(place + slot, column, key); });
            place += threshold.above;
            wanted -= threshold.above;
            candidates = threshold.inside;
            __syncthreads();
        }
        if (candidates <= RANKED) {
            all.rank(candidates, 0, candidates, wanted, place, write);
            return;
        }
        // All win, or all are equal.
        for (u32 i = threadIdx.x; i < wanted; i += THREADS) {
            write(place + i, Ordinal::column_of(all.entries[i]), Ordinal::key_of(all.entries[i]));
        }
    }

    // The range of the keys. One barrier.
    __device__ __forceinline__ Active find_extremes(u32 candidates) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const auto warp =
            Extremes<Wide>::of_warp([&](auto visit) { for_each_key(candidates, visit); });
        if (lane == 0) {
            least[threadIdx.x / WARP_SIZE] = warp.least;
            greatest[threadIdx.x / WARP_SIZE] = warp.greatest;
        }
        __syncthreads();
        const Wide low = warp_least(lane < WARPS ? least[lane] : ~Wide(0));
        const Wide high = warp_greatest(lane < WARPS ? greatest[lane] : 0);
        return Active::between(low, high);
    }

    // Writes the candidates above a range, and moves the candidates in it to the first entries. The caller
    // places a barrier after it.
    template <class Write>
    __device__ __forceinline__ void split(u32 candidates, const Active& range, Write write) {
        Entry own[EACH];
        u32 wins = 0;
        u32 stays = 0;
#pragma unroll
        for (u32 e = 0; e < EACH; ++e) {
            const u32 i = e * THREADS + threadIdx.x;
            own[e] = i < candidates ? all.entries[i] : Entry{};
            const Wide key = Ordinal::key_of(own[e]);
            wins += i < candidates && key > range.greatest;
            stays += i < candidates && key >= range.least && key <= range.greatest;
        }
        Slots slots = reserve_slots(reserved, wins, stays);
        __syncthreads();  // all entries have been read
#pragma unroll
        for (u32 e = 0; e < EACH; ++e) {
            const Wide key = Ordinal::key_of(own[e]);
            if (e * THREADS + threadIdx.x < candidates && key >= range.least) {
                if (key > range.greatest) {
                    write(slots.winner++, Ordinal::column_of(own[e]), key);
                } else {
                    all.entries[slots.candidate++] = own[e];
                }
            }
        }
    }
};

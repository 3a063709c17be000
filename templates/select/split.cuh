// Selects the winners among many candidates that stay where they are: hits of a row in registers.
//
// Scope: block; every thread must call. Shared memory of the caller: `histogram`, its search `threshold`, the
// counter `reserved` and the keys `extremes`. Barriers: two before the first pass, and four a pass.
// Preconditions: a barrier between any other use of that memory and the call, but of `extremes` and
// `threshold`; 1 <= wanted <= candidates; fewer than 65536 candidates.
//
// Radix passes over the range from the least to the greatest key split the candidates, until all candidates
// that are left win or are equal.
#pragma once
#include "../core/range.cuh"
#include "../core/slots.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "extremes.cuh"
#include "radix_pass.cuh"

template <class Config>
struct HitSplit {
    using Ordinal = typename Config::Ordinal;
    using Wide = typename Ordinal::Wide;
    using Active = ActiveRange<Wide, Config::DIGIT_BITS>;
    static constexpr u32 THREADS = Config::THREADS;

    // Calls put(slot, column, key) for the best `wanted` candidates, with slots from `place` on. `slot` is
    // this thread's first place among the candidates. Not inlined: inlined, it would change the registers of
    // the common path and cost it 0.25 us (1 x 8192, H200).
    template <class Shared, class Places, class Hits, class Put>
    static __device__ __noinline__ void select(Shared& shared, Places places, Hits candidates, u32 slot,
                                               u32 place, u32 wanted, Put put) {
        find_extremes(shared, places, candidates);
        Active active = Active::between(shared.extremes.least, shared.extremes.greatest);
        bool settled = active.least == active.greatest;
        while (!settled) {
            shared.histogram.template clear<THREADS>();
            if (threadIdx.x == 0) {
                shared.reserved = 0;
            }
            __syncthreads();
            Active inside;
            Hits winners = {};
            Hits left = {};
            const auto find = [&] { return shared.threshold.find(shared.histogram, wanted); };
            const ThresholdBin threshold = radix_pass(shared.histogram, active, places, candidates, find,
                                                      inside, winners, left);
            candidates = left;

            Slots slots = reserve_slots(shared.reserved, winners.count(), candidates.count());
            places.for_each_column(winners, [&](u32 column) {
                put(place + slots.winner++, column, [&places, column] { return places.key_at(column); });
            });
            slot = slots.candidate;
            place += threshold.above;
            wanted -= threshold.above;
            settled = threshold.inside == wanted || active.shift == 0;
            active = within_row<Ordinal>(inside, places.length);
            __syncthreads();
        }
        places.for_each_column(candidates, [&](u32 column) {
            if (slot < wanted) {
                put(place + slot, column, [&places, column] { return places.key_at(column); });
            }
            ++slot;
        });
    }

   private:
    // The least and the greatest key of the candidates, for all threads.
    template <class Shared, class Places, class Hits>
    static __device__ __forceinline__ void find_extremes(Shared& shared, const Places& places, Hits candidates) {
        if (threadIdx.x == 0) {
            shared.extremes = Extremes<Wide>::of_none();
        }
        __syncthreads();
        const auto own = Extremes<Wide>::of_warp(
            [&](auto visit) { places.for_each_key(candidates, visit); });
        own.add_to(shared.extremes);
        __syncthreads();
    }
};

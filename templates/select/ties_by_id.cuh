// Selects among candidates of equal scores those with the best ranks, by radix over the ranks.
//
// Scope: block; every thread must call. Shared memory of the caller: `histogram`, its search `threshold` and `slots`.
// Barriers: several a pass. Preconditions: a barrier between any other use of the histogram and the call;
// 1 <= wanted <= the candidates that tie. Two candidates with one rank are as good as each other.
#pragma once
#include "../core/range.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../row/row.cuh"

template <class Config>
struct TiesByRank {
    using Key = typename Config::Ordinal::Key;
    using Rank = typename Config::Source::Rank;
    using Active = ActiveRange<Rank, Config::DIGIT_BITS>;
    static constexpr u32 THREADS = Config::THREADS;

    // Calls take(number, column) for the best `wanted` candidates of the CTA's row whose keys are `tied`. Not inlined:
    // it is rare. A reference to the caller's row would keep that in memory.
    template <class Shared, class Take>
    static __device__ __noinline__ void select(Shared& shared, const LaunchArgs& args, Key tied, u32 wanted,
                                               Take take) {
        const Row<Config> row = find_row<Config>(args, blockIdx.x);
        const u32 all = wanted;
        Active active = Active::between(0, ~Rank(0));
        bool settled = false;
        while (!settled) {
            shared.histogram.template clear<THREADS>();
            __syncthreads();
            for_each_tie(row, tied, [&](Rank rank, u32) {
                if (active.least <= rank && rank <= active.greatest) {
                    shared.histogram.add(active.digit(rank));
                }
            });
            __syncthreads();
            const ThresholdBin threshold = shared.threshold.find(shared.histogram, wanted);
            wanted -= threshold.above;
            settled = threshold.inside == wanted || active.shift == 0;
            active = active.narrowed_to(threshold.bin);
        }
        if (threadIdx.x == 0) {
            shared.slots = {0, 0};
        }
        __syncthreads();
        for_each_tie(row, tied, [&](Rank rank, u32 column) {
            if (rank > active.greatest) {
                take(shared.slots.next_winner(), column);
            } else if (rank >= active.least) {
                const u32 tie = shared.slots.next_tie();
                if (tie < wanted) {
                    take(all - wanted + tie, column);
                }
            }
        });
    }

   private:
    // Calls visit(rank, column) for each candidate that ties; of ranks, the greater is the better.
    template <class Visit>
    static __device__ __forceinline__ void for_each_tie(const Row<Config>& row, Key tied, Visit visit) {
        row.for_each_column(THREADS, [&](u32, u32 column) {
            if (row.key_at(column) == tied) {
                const Rank rank = row.rank(column);
                visit(Config::Ordinal::LOWEST_FIRST ? Rank(~rank) : rank, column);
            }
        });
    }
};

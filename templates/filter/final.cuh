// Which survivors win, and their way to the output.
//
// Scope: block; every thread must call. Shared memory: a key and a column for each of RANKED
// members, and one word. Barriers: two to judge, and more where the bin of the last winner is full;
// one to write if members are ranked.
// Preconditions: the survivors are counted, with a barrier after it; fewer than 65536.
#pragma once
#include "../select/cut.cuh"
#include "candidates.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"

// Keys above `last` win, and `ties` of those from `first` to `last`: the best of them if `ranked`,
// else whichever.
struct Verdict {
    bool valid;
    bool ranked;
    u32 first;
    u32 last;
    u32 ties;
    u32 inside;
};

template <class Config>
struct Judge {
    using Key = typename Config::Bits;
    using Search = CutSearch<Config::THREADS, Config::BINS, Config::DIGIT_BITS>;
    using Range = typename Search::Range;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 RANKED = 256;  // with more, a pass over them all costs less

    u32 slots;  // winners in the lower half, members of the threshold bin in the upper
    Key keys[RANKED];
    u32 columns[RANKED];

    // The verdict over survivors that were counted in `range`. It is not valid if the last winner
    // is below `edge`: one that is not among them might be better. Two barriers and more.
    template <class Set>
    static __device__ __forceinline__ Verdict judge(Search& search, const Range& range, u32 k,
                                                    u32 edge, const Set& survivors) {
        const ThresholdBin bin = search.threshold.find(search.histogram, k);
        Verdict verdict = {true,           false, range.first(bin.bin), range.last(bin.bin),
                           k - bin.above, bin.inside};
        const bool settled = verdict.first == verdict.last || bin.inside == verdict.ties;
        if (verdict.first >= edge && (settled || bin.inside <= RANKED)) {
            verdict.ranked = !settled;
            return verdict;
        }
        if (verdict.last < edge) {
            verdict.valid = false;
            return verdict;
        }
        search.template find<Set>(search, survivors.keys, survivors.sizes, survivors.share,
                                  survivors.segments, verdict.ties, verdict.first, verdict.last, edge);
        const Cut cut = search.cut;
        return {cut.least >= edge, false, cut.least, cut.greatest, cut.ties, cut.ties};
    }

    // Writes the k winners. One barrier if they are ranked.
    template <class Set>
    __device__ __forceinline__ void write(const LaunchArgs& args, u32 row, u32 k,
                                          const Verdict& verdict, const Set& survivors) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        survivors.for_each_batch([&](const SurvivorBatch& batch) {
            constexpr u32 DEPTH = SurvivorBatch::DEPTH;
            // Winners in the lower half, members in the upper: one scan places both.
            u32 counts = 0;
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                const bool wins = batch.keys[d] > verdict.last;
                const bool member = !wins && batch.keys[d] >= verdict.first;
                counts += batch.there(d) ? (wins ? 1u : member ? 1u << 16 : 0) : 0;
            }
            const u32 through = warp_sum_through(counts, lane);
            u32 slot = 0;
            if (lane == WARP_SIZE - 1) {
                slot = atomicAdd(&slots, through);
            }
            slot = __shfl_sync(FULL_MASK, slot, WARP_SIZE - 1) + through - counts;
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                if (!batch.there(d) || batch.keys[d] < verdict.first) {
                    continue;
                }
                const u32 column = batch.column(d);
                if (batch.keys[d] > verdict.last) {
                    Config::emit(args, row, slot % 65536, column);
                    slot += 1;
                } else {
                    const u32 tie = slot >> 16;
                    if (verdict.ranked) {
                        keys[tie] = Key(batch.keys[d]);
                        columns[tie] = column;
                    } else if (tie < verdict.ties) {
                        Config::emit(args, row, k - 1 - tie, column);
                    }
                    slot += 1u << 16;
                }
            }
        });
        if (verdict.ranked) {
            __syncthreads();
            write_ranked(args, row, k, verdict);
        }
    }

   private:
    // A warp counts those that are better than one member, 32 at a time.
    __device__ __forceinline__ void write_ranked(const LaunchArgs& args, u32 row, u32 k,
                                                 const Verdict& verdict) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        for (u32 mine = threadIdx.x / WARP_SIZE; mine < verdict.inside; mine += THREADS / WARP_SIZE) {
            const Key key = keys[mine];
            u32 better = 0;
            for (u32 from = 0; from < verdict.inside; from += WARP_SIZE) {
                const u32 other = from + lane;
                const bool there = other < verdict.inside;
                const Key their = there ? keys[other] : Key(0);
                const bool is_better = their > key || (their == key && other < mine);
                better += __popc(__ballot_sync(FULL_MASK, there && is_better));
            }
            if (lane == 0 && better < verdict.ties) {
                Config::emit(args, row, k - 1 - better, columns[mine]);
            }
        }
    }
};

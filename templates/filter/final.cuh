// The final selection: finds which candidates win, and writes them.
//
// Scope: block; every thread must call. Shared memory: a key and a column for each of RANKED
// candidates of the threshold bin, and one word. Barriers: two to find the winners, and more where the
// threshold bin has many candidates; one to write if candidates are ranked.
// Preconditions: the candidates are counted (a barrier); fewer than 65536.
#pragma once
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../select/cut.cuh"
#include "../sink/direct.cuh"
#include "set.cuh"

// Keys above `last` win, and `ties` of the keys from `first` to `last`: the best of them if `ranked`, else
// any of them.
template <class Wide>
struct Winners {
    bool valid;
    bool ranked;
    Wide first;
    Wide last;
    u32 ties;
    u32 inside;  // candidates from `first` to `last`
};

template <class Config>
struct FinalSelection {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Stored = typename Ordinal::Stored;
    using Wide = typename Ordinal::Wide;
    using Sink = DirectSink<Config>;
    using Search = CutSearch<Ordinal, Config::THREADS, Config::BINS, Config::DIGIT_BITS>;
    using Range = typename Search::Range;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 RANKED = 256;  // with more, a pass over them all costs less

    u32 slots;  // winners in the lower half, candidates of the threshold bin in the upper
    Stored keys[RANKED];
    u32 columns[RANKED];

    // Finds the winners among candidates that were counted in `range`. The result is not valid if the last
    // winner is below `threshold`: then a score that is no candidate may be better. Two barriers or more.
    template <class Set>
    static __device__ __forceinline__ Winners<Wide> find(Search& search, const Range& range, u32 k,
                                                         Wide threshold, const Set& candidates) {
        const ThresholdBin bin = search.threshold.find(search.histogram, k);
        Winners<Wide> winners = {true,           false, range.first(bin.bin), range.last(bin.bin),
                                 k - bin.above, bin.inside};
        // Done if the bin is above the threshold, and is one key, wins whole, or is small enough to rank.
        const bool settled = winners.first == winners.last || bin.inside == winners.ties;
        if (winners.first >= threshold && (settled || bin.inside <= RANKED)) {
            winners.ranked = !settled;
            return winners;
        }
        if (winners.last < threshold) {
            winners.valid = false;
            return winners;
        }
        // Split the bin until it is on one side of the threshold.
        Set::cut(search, candidates.keys, candidates.columns, candidates.sizes, candidates.share,
                 candidates.segments, winners.ties, winners.first, winners.last, threshold);
        const Cut<Wide> cut = search.cut;
        return {cut.least >= threshold, false, cut.least, cut.greatest, cut.ties, cut.ties};
    }

    // Writes the k winners. One barrier if candidates are ranked.
    template <class Set>
    __device__ __forceinline__ void write(const Sink& sink, u32 k, const Winners<Wide>& winners,
                                          const Set& candidates) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        candidates.for_each_batch([&](const typename Set::Batch& batch) {
            constexpr u32 DEPTH = Set::Batch::DEPTH;
            // Count winners in the lower half and the bin's candidates in the upper: one scan places both.
            u32 counts = 0;
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                const bool wins = batch.keys[d] > winners.last;
                const bool in_bin = !wins && batch.keys[d] >= winners.first;
                counts += batch.has(d) ? (wins ? 1u : in_bin ? 1u << 16 : 0) : 0;
            }
            const u32 through = warp_sum_through(counts, lane);
            u32 slot = 0;
            if (lane == WARP_SIZE - 1) {
                slot = atomicAdd(&slots, through);
            }
            slot = __shfl_sync(FULL_MASK, slot, WARP_SIZE - 1) + through - counts;
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                if (!batch.has(d) || batch.keys[d] < winners.first) {
                    continue;
                }
                const u32 column = batch.column(d);
                const auto key = [&batch, d] { return Key(batch.keys[d]); };
                if (batch.keys[d] > winners.last) {
                    sink.put(slot % 65536, column, key);
                    slot += 1;
                } else {
                    const u32 tie = slot >> 16;
                    if (winners.ranked) {
                        keys[tie] = Ordinal::stored(key());
                        columns[tie] = column;
                    } else if (tie < winners.ties) {
                        sink.put(k - 1 - tie, column, key);
                    }
                    slot += 1u << 16;
                }
            }
        });
        if (winners.ranked) {
            __syncthreads();
            write_ranked(sink, k, winners);
        }
    }

   private:
    __device__ __forceinline__ Key key_of(u32 place) const {
        return Ordinal::restored(keys[place], columns[place]);
    }

    // A warp counts the candidates of the bin that are better than one of them, 32 at a time.
    __device__ __forceinline__ void write_ranked(const Sink& sink, u32 k, const Winners<Wide>& winners) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        for (u32 mine = threadIdx.x / WARP_SIZE; mine < winners.inside; mine += THREADS / WARP_SIZE) {
            const Key key = key_of(mine);
            u32 better = 0;
            for (u32 from = 0; from < winners.inside; from += WARP_SIZE) {
                const u32 other = from + lane;
                const bool there = other < winners.inside;
                const Key their = there ? key_of(other) : Key(0);
                const bool is_better = their > key || (their == key && other < mine);
                better += __popc(__ballot_sync(FULL_MASK, there && is_better));
            }
            if (lane == 0 && better < winners.ties) {
                sink.put(k - 1 - better, columns[mine], [key] { return key; });
            }
        }
    }
};

// block_radix: one CTA selects the top k of one row, by radix over ordered keys.
//
// Each pass counts one digit of the keys in a histogram and finds the threshold bin. Keys above the bin
// win. The keys in the bin are the candidates of the next pass, which splits them by the next digit, until
// every candidate wins or all are equal. Candidates that fit are kept in shared memory; else the next pass
// scans the row again. So no distribution of scores loses a winner; some take more scans.
//
// Source: RadixSelect; Alabi, Blanchard, Gordon, Steinbach, "Fast k-selection algorithms for graphics
// processing units", ACM JEA 17 (2012).
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB: a word for each bin, a key and a column
// for each of CANDIDATES, and less than 1 KB. So 4096 bins fit with 3072 places for keys of 32 bits, or with
// 2048 for keys of 64. Barriers: uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; k >= 1; row addresses aligned to their element.
#pragma once
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../row/row.cuh"
#include "../row/vec_load.cuh"
#include "../select/candidate_buffer.cuh"
#include "../sink/direct.cuh"
#include "../sink/short_row.cuh"

template <class Config>
struct BlockRadix {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Stored = typename Ordinal::Stored;
    using Bits = typename Config::Source::Score::Bits;
    using Sink = DirectSink<Config>;
    static constexpr u32 THREADS = Config::THREADS;
    using Team = BlockTeam<THREADS>;
    static constexpr u32 BINS = Config::BINS;
    static constexpr u32 CANDIDATES = Config::CANDIDATES;
    static constexpr u32 KEY_BITS = sizeof(Key) * 8;
    static constexpr u32 DIGIT_BITS = Config::DIGIT_BITS;
    using Active = ActiveRange<typename Ordinal::Wide, DIGIT_BITS>;

    // Equal keys are taken in the order of columns or ids, which the keys do not tell.
    static constexpr bool TIES_IN_ORDER = Ordinal::IN_COLUMN_ORDER && !Ordinal::USES_COLUMN;

    static_assert(BINS == 1u << DIGIT_BITS, "a histogram has one bin for each value of a digit");
    static_assert(DIGIT_BITS <= KEY_BITS, "a digit is a part of the key");

    struct Shared {
        Histogram<BINS> histogram;
        CandidateBuffer<Stored, CANDIDATES> candidates;
        ThresholdSearch<THREADS> threshold;
        OutputSlots slots;
    };

    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        // Find the row. One with no more than k scores is written whole.
        const Row<Config> row = find_row<Config>(args, blockIdx.x);
        const u32 k = find_k<Config>(args, blockIdx.x);
        const Sink sink = {args, blockIdx.x};
        if (row.length <= k) {
            take_all<Config>(sink, row, k, team_of(shared));
            return;
        }

        // Clear the histogram and the counters.
        shared.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.candidates.size = 0;
            shared.slots = {0, 0};
        }
        __syncthreads();

        // Count the first digit of every key.
        const typename ReaderOf<Config>::Type reader(row);
        Active active = Active::between(0, Ordinal::greatest_of(Bits(~Bits(0))));
        reader.for_each([&](Key key, u32) { shared.histogram.add(active.digit(key)); });
        __syncthreads();

        u32 wanted = k;         // winners not yet written
        bool buffered = false;  // all active keys are in the candidate buffer
        while (true) {
            // Find the threshold bin: the keys above it win.
            const ThresholdBin threshold = shared.threshold.find(shared.histogram, wanted);
            const Active next = within_row<Ordinal>(active.narrowed_to(threshold.bin), row.length);
            wanted -= threshold.above;

            // The search is over if every candidate wins, or all of them are equal. Else count the next
            // digit, and keep the candidates in shared memory if they fit.
            const bool settled = threshold.inside == wanted || active.shift == 0;
            const bool keep = !buffered && threshold.inside <= CANDIDATES;
            if (!settled) {
                shared.histogram.template clear<THREADS>();
                __syncthreads();
            }
            // Write the winners. Of the candidates, write as many as are wanted, or count them.
            const auto split = [&](Key key, u32 column) {
                if (key > next.greatest) {
                    sink.put(shared.slots.next_winner(), column, [key] { return key; });
                } else if (settled && TIES_IN_ORDER && threshold.inside > wanted) {
                    // More ties than are wanted are taken below, in their order.
                } else if (settled) {
                    const u32 tie = shared.slots.next_tie();
                    if (tie < wanted) {
                        sink.put(k - wanted + tie, column, [key] { return key; });
                    }
                } else {
                    shared.histogram.add(next.digit(key));
                    if (keep) {
                        shared.candidates.push(Ordinal::stored(key), column);
                    }
                }
            };
            if (buffered) {
                for_each_candidate(shared.candidates, next.least, active.greatest, split);
            } else {
                reader.for_each_in(next.least, active.greatest, split);
            }
            if (settled) {
                if constexpr (TIES_IN_ORDER) {
                    // The histogram has been read, and its place has the counts of ties.
                    if (threshold.inside > wanted) {
                        const auto take = [sink, first = k - wanted, least = Key(next.least)](u32 tie, u32 column) {
                            sink.put(first + tie, column, [least] { return least; });
                        };
                        if constexpr (IsSharded<typename Config::Source>::VALUE) {
                            Ordinal::template Settle<Config>::select(shared, args, Key(next.least), wanted, take);
                        } else {
                            Ordinal::template for_each_tie<THREADS>(
                                shared.histogram.counts, row.length, wanted,
                                [&](u32 column) { return row.key_at(column) == next.least; }, take);
                        }
                    }
                }
                sink.finish(team_of(shared));
                return;
            }
            __syncthreads();
            buffered = buffered || keep;
            active = next;
        }
    }

   private:
    static __device__ __forceinline__ Team team_of(Shared& shared) { return Team::of(shared); }

    // Calls visit(key, column) for the candidates in the buffer whose keys are in [least, greatest].
    template <class Candidates, class Visit>
    static __device__ __forceinline__ void for_each_candidate(Candidates& candidates, Key least, Key greatest,
                                                              Visit visit) {
        if constexpr (Ordinal::USES_COLUMN) {
            candidates.template for_each_in<THREADS>(0, Stored(~Stored(0)), [&](Stored stored, u32 column) {
                const Key key = Ordinal::restored(stored, column);
                if (least <= key && key <= greatest) {
                    visit(key, column);
                }
            });
        } else {
            candidates.template for_each_in<THREADS>(least, greatest, visit);
        }
    }
};

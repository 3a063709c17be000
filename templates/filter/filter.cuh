// The steps of the filter kernels: threshold by sampling, filtering, verification, rescan.
//
// A kernel calls them in this order; each kernel's file shows how:
//   guess          a threshold from a sample of the row, with a little more than the k winners above it
//   filter         one read of the row: the scores above the threshold are the candidates
//   select         the k best candidates, if they are the k best scores: the k-th best candidate must
//                  not be below the threshold
//   prepare_again  if the guess failed, sets out to read the row once more, above a threshold that the first
//                  read tells
//   rescan         if the candidates of a part have no room, finds its best for certain
//   rescan_alone   if all else failed, one CTA finds the best of a whole row for certain
//
// Sampling and verification: Floyd, Rivest, "Expected time bounds for selection", CACM 18 (1975); on
// GPUs: Ribizel, Anzt, "Approximate and exact selection on GPUs", IPDPSW (2019).
//
// Scope: block; every thread must call. Shared memory: the search, the candidates and the final
// selection: a word for each bin, a key and a column for each of CAPACITY + 256 candidates, and less than
// 1 KB. So 2048 bins fit into 48 KB with 4096 places for keys of 32 bits, or with 3072 for keys of 64.
// Barriers: several in each step, all uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K < CAPACITY; as for `Stripes`.
#pragma once
#include "../core/types.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/ring.cuh"
#include "../row/row.cuh"
#include "../row/stripes.cuh"
#include "../sink/direct.cuh"
#include "candidates.cuh"
#include "final.cuh"
#include "rescan.cuh"
#include "sample.cuh"

// In ties.cuh, which only kernels with a rule for ties include.
template <class Config>
struct BestTies;

// The part of a row that a CTA reads: stripes rank, rank + parts, and so on.
template <class Config>
struct RowPart {
    Stripes<Config> stripes;
    u32 rank;
    u32 parts;
    u32 share;  // the most candidates that this CTA may pass on
    u32 room;   // places for candidates in this CTA, not fewer
};

template <class Config>
struct Filter {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Wide = typename Ordinal::Wide;
    using ScoreKey = typename Ordinal::ScoreKey;
    using Guess = ::Guess<ScoreKey>;
    using Threshold = ::Threshold<Wide>;
    using Part = RowPart<Config>;
    using Sink = DirectSink<Config>;
    using Word = ScoreWord<Config>;
    using Buffer = Candidates<Config>;
    using Set = typename Buffer::Set;
    using Search = typename Buffer::Search;
    using Range = typename Search::Range;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 CAPACITY = Buffer::CAPACITY;
    // A compaction leaves up to MOST_K candidates, and must free places.
    static_assert(Config::MOST_K < CAPACITY, "the buffer has more places than there are winners");

    struct Shared {
        Search search;
        Buffer candidates;
        FinalSelection<Config> final;
        ScoreKey greatest;   // of the sample
        ScoreKey threshold;  // as guessed; in shared memory it takes no register while the row is read
        u32 goal;            // maxima of the sample above the threshold; 0 before the first guess
        bool known;          // no guess: `threshold` is known to have k scores above it, or tied with it
        Wide last;           // after a selection that failed, a key that k candidates reach; 0 without k
    };

    // The candidates that a CTA has of its part: how many, and above which threshold they are complete.
    struct PartCandidates {
        u32 size;
        Threshold threshold;
        bool clean;  // the search's histogram is clear

        // Every score of a greater key is a candidate.
        __device__ __forceinline__ Wide complete_above() const {
            return threshold.none ? 0 : threshold.key;
        }
    };

    // The candidates that a CTA selects from.
    struct RowCandidates {
        Set set;
        u32 size;
        Wide complete_above;  // every score of a greater key is a candidate
        Wide least;           // about the least key of the candidates
        bool clean;           // the search's histogram is clear
    };

    // Clears the counters. Call it first; `guess` needs no barrier after it.
    static __device__ __forceinline__ void prepare(Shared& shared) {
        shared.search.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.candidates.size = 0;
            shared.candidates.ties = 0;
            shared.greatest = 0;
            shared.goal = 0;
            shared.known = false;
            shared.final.slots = 0;
        }
    }

    // Clears the counters after a guess that failed for a row with `size` candidates, k of which reach the key
    // `last`. So the next threshold is just below that key, or its score key if ties are added in the order of
    // columns. If there are not k candidates, or they were too many for their places and not selected from,
    // `last` is 0: then the next guess wants as many more or fewer maxima of the sample above its threshold.
    static __device__ __forceinline__ void prepare_again(Shared& shared, u32 k, u32 size, Wide last) {
        const u32 goal = shared.goal;
        const ScoreKey greatest = shared.greatest;
        __syncthreads();  // the counters have been read
        prepare(shared);
        if (threadIdx.x == 0) {
            const u32 target = size < k ? k + (k - size) / 2 + k / 8 + 8 : (k + CAPACITY) / 2;
            shared.goal = u32(__fdividef(float(goal) * float(target), float(max(size, 1u)))) + 1;
            shared.greatest = greatest;
            shared.known = last != 0;
            if constexpr (Ordinal::IN_COLUMN_ORDER) {
                shared.threshold = max(Ordinal::score_key(last), Word::worst_key());
            } else {
                shared.threshold = max(Ordinal::score_key(last), Word::worst_key() + 1) - 1;
            }
        }
    }

    // Guesses a threshold from the first one or two stripes of the part, while the next is prefetched.
    static __device__ __forceinline__ Guess guess(Shared& shared, const Part& part, u32 k) {
        const Stripes<Config>& stripes = part.stripes;
        const u32 turns = stripes.count / part.parts;
        constexpr u32 STAGES = Ring<Config>::STAGES;
        const Ring<Config> ring;
#pragma unroll 1
        for (u32 turn = 0; turn < STAGES; ++turn) {
            if (turn < turns) {
                ring.prefetch(stripes, part.rank + turn * part.parts, turn);
            } else {
                copy_async_commit();
            }
        }
        if (turns <= STAGES) {
            launch_dependents();
        }
        // Sample one stripe, while the second is prefetched (32 x 131072 f32, k = 512: 9.1 us, and 10.0 us
        // if the guess waits for the second; H200). One stripe needs a wider margin: if that makes too many
        // candidates, sample two.
        const float each = __fdividef(1.0f, float(stripes.count));
        const bool two = turns > 1 && with_margin(part, k, each) * stripes.count > CAPACITY / 4 * 3;
        const float sampled = two ? 2.0f * each : each;  // of the row
        const auto goal = Sample<Config>::goal_of(with_margin(part, k, sampled),
                                                  float(stripes.length) * sampled);
        // The places of the part, for as many scores as the sample has.
        const float places = float(part.share) * __fdividef(two ? 2.0f : 1.0f, float(turns));
        if (two) {
            copy_async_wait_but_last(STAGES - 2);
        } else {
            copy_async_wait_but_last(STAGES - 1);
        }
        __syncthreads();
        if (shared.known) {
            const ScoreKey threshold = shared.threshold;
            __syncthreads();  // `filter` writes it
            const bool ties = Ordinal::IN_COLUMN_ORDER || threshold == Word::worst_key();
            return {true, ties, threshold, shared.greatest};
        }
        return Sample<Config>::guess(
            shared.search, shared.greatest, shared.goal, goal, places, [&](auto visit) {
#pragma unroll 1
                for (u32 stage = 0; stage < (two ? 2 : 1); ++stage) {
                    ring.for_each_word(stripes, part.rank + stage * part.parts, stage, visit);
                }
            });
    }

    // Reads the part once: the scores above the guessed threshold become candidates. False if there is
    // no guess or too little room for the candidates; a rescan then starts from `candidates.threshold`.
    static __device__ __forceinline__ bool filter(Shared& shared, const Part& part, u32 k,
                                                  const Guess& guess, PartCandidates& candidates) {
        candidates = {0, {!guess.found, Ordinal::greatest_of(guess.threshold)}, true};
        const Stripes<Config>& stripes = part.stripes;
        if constexpr (Ordinal::USES_COLUMN) {
            if (threadIdx.x == 0) {
                shared.search.cut.columns = stripes.length;
            }
        }
        if (!guess.found) {
            return false;
        }
        const u32 turns = stripes.count / part.parts;
        constexpr u32 STAGES = Ring<Config>::STAGES;
        constexpr u32 BATCH = Ring<Config>::BATCH;
        const Ring<Config> ring;
        const u32 limit = Word::of_key(guess.threshold);
        if (threadIdx.x == 0) {
            shared.threshold = guess.threshold;
        }

        // Filter the scores of the row's unaligned ends.
        if (stripes.holds_edge(part.rank)) {
            const Key key = stripes.key_at(stripes.edge_column());
            if (Ordinal::score_key(key) > guess.threshold) {
                shared.candidates.push_edge(
                    key, stripes.edge_column() | (BATCH == 1 ? 0 : Buffer::EDGE), part.room);
            }
        }

        // Filter each stripe while the next is prefetched. No score is above a NaN that wins.
        const bool above = !Word::NAN_WINS || guess.threshold <= Word::best_key();
        if constexpr (BATCH > 1) {
            if (above) {
                filter_batches(shared, part, limit);
            }
        } else {
#pragma unroll 1
            for (u32 turn = 0; above && turn < turns; ++turn) {
                const u32 stage = turn % STAGES;
                const u32 stripe = part.rank + turn * part.parts;
                copy_async_wait_but_last(STAGES - 1);
                const u32 hits = hits_beyond(ring, stripes, stripe, stage, limit);
                shared.candidates.push(stripes, stripe, hits, part.room,
                                       [&](u32 item) { return ring.element(stage, item); });
                if (turn + STAGES < turns) {
                    ring.prefetch(stripes, stripe + STAGES * part.parts, stage);
                    if (turn + STAGES + 1 == turns) {
                        launch_dependents();
                    }
                } else {
                    copy_async_commit();
                }
            }
        }
        __syncthreads();
        candidates.size = shared.candidates.size;
        candidates.threshold.key = Ordinal::greatest_of(shared.threshold);
        if (candidates.size > part.room) {
            return false;
        }

        // Add ties with the threshold if very many scores tie with it: a few more than the part's share of
        // the winners. The best ties are side by side, so a part may have a whole chunk of them more.
        const u32 needed = k / part.parts;
        constexpr u32 UNEVEN = Ordinal::IN_COLUMN_ORDER ? Config::CHUNK * Config::VEC_SIZE : 0;
        const u32 more = needed / 4 + WARP_SIZE + UNEVEN;
        const u32 most = part.parts == 1 ? k : min(needed + more, part.share);
        // A sample can take -0 for the score next to +0; then its threshold is that of all zeros.
        const bool zeros = Ordinal::IN_COLUMN_ORDER && guess.threshold == Word::key(0);
        if ((guess.ties || zeros) && candidates.size < most) {
            start_rescan(shared, part, candidates.size);
            const ScoreKey tie = Ordinal::score_key(candidates.threshold.key);
            if constexpr (Ordinal::IN_COLUMN_ORDER) {
                // They are the best ties: the candidates are complete above the last of them.
                candidates.threshold.key =
                    BestTies<Config>::add(shared.candidates, shared.search.histogram, tie, most);
                candidates.clean = false;
            } else {
                Rescan<Config>::ties(shared.candidates, tie, most);
            }
            candidates.size = shared.candidates.size;
        }
        return true;
    }

    // Reads the part again, and keeps the best `most` of the scores above a threshold.
    static __device__ __forceinline__ void rescan(Shared& shared, const Part& part,
                                                  const Threshold& from, u32 capacity, u32 most,
                                                  PartCandidates& candidates) {
        start_rescan(shared, part, 0);
        const auto threshold = Rescan<Config>::best(shared.candidates, shared.search, from.none, from.key,
                                                    capacity, most);
        candidates = {shared.candidates.size, Threshold::of(threshold), false};
        if (candidates.size > most) {
            reduce(shared, most, candidates);
        }
    }

    // Reduces the candidates to the best `most`.
    static __device__ __forceinline__ void reduce(Shared& shared, u32 most, PartCandidates& candidates) {
        const auto threshold =
            Buffer::compact(shared.candidates, shared.search, candidates.threshold.none,
                            candidates.threshold.key, candidates.size, most, 0);
        candidates = {most, Threshold::of(threshold), false};
    }

    // The candidates of this CTA alone, to select from.
    static __device__ __forceinline__ RowCandidates own(const Shared& shared,
                                                        const PartCandidates& candidates) {
        return {shared.candidates.all(), candidates.size, candidates.complete_above(),
                least_of(candidates.complete_above()), candidates.clean};
    }

    // The least key that candidates above a threshold have, or ties of the threshold if it was guessed.
    static __device__ __forceinline__ Wide least_of(Wide threshold) {
        if constexpr (Ordinal::IN_COLUMN_ORDER) {
            return threshold;  // ties are added down to a threshold of their own
        } else {
            return Ordinal::lowest_of(Ordinal::score_key(threshold));
        }
    }

    // Writes the k best candidates of a row, if they are its k best scores: there are k of them, and the
    // k-th is not below the threshold. Calls before_write() in between; false if the guess failed.
    template <class BeforeWrite>
    static __device__ __forceinline__ bool select(const Sink& sink, Shared& shared, u32 k,
                                                  const RowCandidates& from, BeforeWrite before_write) {
        if (from.size < k) {
            if (threadIdx.x == 0) {
                shared.last = 0;
            }
            return false;
        }
        const Range range = Range::from(from.least, Ordinal::greatest_of(shared.greatest));
        count(shared, range, from);
        const Winners<Wide> winners =
            FinalSelection<Config>::find(shared.search, range, k, from.complete_above, from.set);
        if (winners.valid) {
            before_write();
            shared.final.write(sink, k, winners, from.set);
        } else if (threadIdx.x == 0) {
            shared.last = winners.first;
        }
        return winners.valid;
    }

    // Reads a whole row again, alone, and writes its k best scores.
    static __device__ __forceinline__ void rescan_alone(const LaunchArgs& args, const Sink& sink,
                                                        Shared& shared, u32 index, u32 k) {
        const Part whole = {Stripes<Config>(find_row<Config>(args, index), 1), 0, 1, CAPACITY, CAPACITY};
        PartCandidates candidates = {};
        rescan(shared, whole, {true, 0}, CAPACITY, k, candidates);
        write_all(sink, shared, k);
    }

    // Writes the first k candidates.
    static __device__ __forceinline__ void write_all(const Sink& sink, const Shared& shared, u32 k) {
#pragma unroll 1
        for (u32 slot = threadIdx.x; slot < k; slot += THREADS) {
            sink.put(slot, shared.candidates.columns[slot],
                     [&shared, slot] { return shared.candidates.key(slot); });
        }
    }

   private:
    // How many scores of a sample should be above the threshold. The margin is for the winners that a sample
    // of this share of the row has by chance, and for the groups with two of them: of independent scores, the
    // threshold is too high in fewer than one of 1e6 rows. Many parts have few places each, so they have less.
    static __device__ __forceinline__ u32 with_margin(const Part& part, u32 k, float sampled) {
        constexpr float GROUPS = THREADS * Word::SCORES * Sample<Config>::GROUPS;
        const float expected = float(k) * sampled;
        const float variance = expected * (1.0f - sampled + expected * (0.6f / GROUPS));
        return u32(expected + (part.parts < 8 ? 5.0f : 4.5f) * sqrtf(variance)) + 4;
    }

    // Stores the part that a rescan reads, and the number of candidates that stay before its own.
    static __device__ __forceinline__ void start_rescan(Shared& shared, const Part& part, u32 size) {
        __syncthreads();  // the candidates and the previous part have been read
        if (threadIdx.x == 0) {
            shared.candidates.stripes = part.stripes;
            shared.candidates.rank = part.rank;
            shared.candidates.parts = part.parts;
            shared.candidates.size = size;
        }
        __syncthreads();
    }

    // Counts candidates in the search's histogram.
    static __device__ __forceinline__ void count(Shared& shared, const Range& range,
                                                 const RowCandidates& from) {
        if (!from.clean) {
            shared.search.histogram.template clear<THREADS>();
            __syncthreads();
        }
        from.set.for_each_key([&](Wide key) { shared.search.histogram.add(range.bin(key)); });
        __syncthreads();
    }

    // Filters all stages at once: the hits of a thread become candidates together, since each time costs a
    // warp some latency.
    static __device__ __forceinline__ void filter_batches(Shared& shared, const Part& part, u32 limit) {
        constexpr u32 BATCH = Ring<Config>::BATCH;
        const Ring<Config> ring;
        const Stripes<Config>& stripes = part.stripes;
        const u32 turns = stripes.count / part.parts;
        u32 done = 0;  // candidates, and hits without a place
#pragma unroll 1
        for (u32 turn = 0; turn < turns; turn += BATCH) {
            // Find the hits of each stripe as it arrives. The last is in the last place; registers cannot be
            // indexed, so all move. An empty group of copies takes the place of each that was waited for.
            const u32 stripe = part.rank + turn * part.parts;
            const u32 count = min(turns - turn, BATCH);
            u32 hits[BATCH] = {};
#pragma unroll 1
            for (u32 b = 0; b < count; ++b) {
                copy_async_wait_but_last(BATCH - 1);
                copy_async_commit();
#pragma unroll
                for (u32 i = 0; i + 1 < BATCH; ++i) {
                    hits[i] = hits[i + 1];
                }
                hits[BATCH - 1] = hits_beyond(ring, stripes, stripe + b * part.parts, b, limit);
            }

            // Append their positions, then share them among the threads to make candidates of them.
            const u32 from = min(done, part.room);
            shared.candidates.push_positions(hits, count, part.room);
            __syncthreads();
            done = shared.candidates.size;
            shared.candidates.resolve(stripes, stripe, part.parts, from, min(done, part.room),
                                      [&](u32 number, u32 thread, u32 item) {
                                          return ring.element(thread, number, item);
                                      });
            if (turn + BATCH >= turns) {
                break;
            }

            // Load more stripes.
            __syncthreads();
#pragma unroll 1
            for (u32 next = turn + BATCH; next < turn + 2 * BATCH; ++next) {
                if (next < turns) {
                    ring.prefetch(stripes, part.rank + next * part.parts, next - turn - BATCH);
                } else {
                    copy_async_commit();
                }
            }
            if (turn + 2 * BATCH >= turns) {
                launch_dependents();
            }
        }
    }

    // The thread's scores of a stage that are beyond a limit.
    static __device__ __forceinline__ u32 hits_beyond(const Ring<Config>& ring,
                                                      const Stripes<Config>& stripes, u32 stripe,
                                                      u32 stage, u32 limit) {
        u32 hits = 0;
        ring.for_each_word(stripes, stripe, stage, [&](u32 w, u32 word) {
            Word::add_beyond(word, limit, Word::bits_of(w), hits);
        });
        return hits;
    }
};

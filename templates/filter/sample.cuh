// Guesses a threshold from a sample: a key that about `wanted` scores of the sample are above.
//
// A thread contributes the best score of each of its groups of scores. The groups of all threads are about
// twice the number wanted. A histogram of these maxima, from the greatest downwards, gives the threshold.
// The guess can be too high or too low; the final selection checks it.
//
// Scope: block; every thread must call. Shared memory: the search's, and two words. Barriers: one before
// the count, and two for each pass. None at the end: the histogram is clear, and the caller places a
// barrier before it uses the histogram again.
// Preconditions: the histogram is clear, and `greatest` and `again` are 0 or what the last guess left, all
// before a barrier.
#pragma once
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../score/word.cuh"
#include "../select/cut.cuh"

// A guessed threshold: scores of a greater key become candidates.
template <class ScoreKey>
struct Guess {
    bool found;
    bool ties;  // very many scores have the key `threshold` itself; no more than wanted are above it
    ScoreKey threshold;
    ScoreKey greatest;  // of the sample
};

template <class Config>
struct Sample {
    using Score = typename Config::Source::Score;
    using Word = ScoreWord<Config>;
    using Ordinal = typename Config::Ordinal;
    using ScoreKey = typename Ordinal::ScoreKey;
    using Guess = ::Guess<ScoreKey>;
    using Search = CutSearch<Ordinal, Config::THREADS, Config::BINS, Config::DIGIT_BITS>;
    using Range = BinnedRange<ScoreKey, Config::BINS, Config::DIGIT_BITS>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 BINS = Config::BINS;
    // Groups of a thread, in words. The fewest keep the scores of a vector in separate groups, so that
    // winners side by side are not counted as one. The most are as many as the greatest k needs.
    static constexpr u32 LEAST = 4;
    static constexpr u32 GROUPS = Word::SCORES == 1 ? 8 : 4;
    // The first pass spans this many keys under the greatest: 8 octaves.
    static constexpr u32 SPAN_BITS = Score::MANTISSA_BITS + 3;
    static constexpr u32 SHIFT =
        SPAN_BITS > Config::DIGIT_BITS ? SPAN_BITS - Config::DIGIT_BITS : 0;
    static constexpr ScoreKey SPAN = ScoreKey(BINS) << SHIFT;

    // How many groups a thread has, and how many maxima are wanted above the threshold. It is known before the
    // sample has arrived.
    struct Goal {
        u32 groups;
        u32 wanted;
        float scores;  // of the sample

        __device__ __forceinline__ u32 maxima() const { return THREADS * Word::SCORES * groups; }

        // How many of the maxima are among the best `best` scores, if scores are dealt to the groups at random.
        __device__ __forceinline__ u32 maxima_of(float best) const {
            // Where most scores are among them, as if no group had two.
            if (best > 0.6f * scores) {
                return u32(best) + 1;
            }
            // A group has none with the probability (1 - best / scores) ^ (scores / filled). By series, both to
            // a few hundredths where half of the scores are among the best.
            const float filled = min(float(maxima()), scores);
            const float share = __fdividef(best, scores);
            const float each = __fdividef(best, filled) *
                               (1.0f + share * (0.5f + share * (1.0f / 3.0f + share * 0.25f)));
            const float power =
                each * (1.0f + each * (0.5f + each * (1.0f / 6.0f + each * (1.0f / 24.0f))));
            return u32(__fdividef(filled * power, 1.0f + power)) + 1;
        }
    };

    // For `wanted` of the sample's scores above the threshold. Halves the groups while they are enough.
    static __device__ __forceinline__ Goal goal_of(u32 wanted, float scores) {
        Goal goal = {GROUPS, 0, scores};
#pragma unroll
        for (u32 half = GROUPS / 2; half >= LEAST; half /= 2) {
            if (wanted * 2 <= THREADS * Word::SCORES * half) {
                goal.groups = half;
            }
        }
        goal.wanted = min(goal.maxima_of(float(wanted)), goal.maxima());
        return goal;
    }

    // A threshold that as many maxima are above as the goal says. After a guess that failed, `again` has their
    // number instead; the number taken is left in it. If very many scores have the key that separates them,
    // all become candidates if the part has places for them, as of `places` for those of the sample;
    // else they count as ties.
    // for_each_word(visit) calls visit(w, word) for the words of this thread, with w from 0 on in each
    // stripe.
    template <class ForEachWord>
    static __device__ __forceinline__ Guess guess(Search& search, ScoreKey& shared_greatest, u32& again,
                                                  const Goal& goal, float places,
                                                  ForEachWord for_each_word) {
        // Take the best score of each group.
        u32 best[GROUPS];
#pragma unroll
        for (u32 g = 0; g < GROUPS; ++g) {
            best[g] = Word::WORST;
        }
        for_each_word([&](u32 w, u32 word) { best[w % GROUPS] = Word::better(best[w % GROUPS], word); });
        const u32 groups = goal.groups;
#pragma unroll
        for (u32 half = GROUPS / 2; half >= LEAST; half /= 2) {
            if (groups <= half) {
#pragma unroll
                for (u32 g = 0; g < half; ++g) {
                    best[g] = Word::better(best[g], best[g + half]);
                }
            }
        }
        const u32 before = again;
        const u32 wanted = before == 0 ? goal.wanted : min(before, goal.maxima());
        const auto for_maxima = [&](auto visit) {
#pragma unroll
            for (u32 g = 0; g < GROUPS; ++g) {
                if (g < groups) {
#pragma unroll
                    for (u32 i = 0; i < Word::SCORES; ++i) {
                        visit(Word::rough_key(best[g], i));
                    }
                }
            }
        };

        // Find the greatest key of the CTA.
        ScoreKey greatest = 0;
        for_maxima([&](ScoreKey key) { greatest = max(greatest, key); });
        greatest = warp_greatest(greatest);
        if (threadIdx.x % WARP_SIZE == 0) {
            atomicMax(&shared_greatest, greatest);
        }
        __syncthreads();
        greatest = shared_greatest;
        if (threadIdx.x == 0) {
            again = wanted;
        }

        // Count the maxima from `least` to `greatest`. The first bin also counts all lower maxima.
        const ScoreKey least = greatest >= SPAN ? greatest - SPAN + 1 : 0;
        const ActiveRange<ScoreKey, Config::DIGIT_BITS> span = {least, greatest, SHIFT};
        Range range = {span, 0, greatest};
        for_maxima([&](ScoreKey key) {
            search.histogram.add(u32((max(key, least) - least) >> SHIFT));
        });

        // Narrow the range to the bin of the last wanted maximum, until the bin holds few.
        u32 left = wanted;
        while (true) {
            __syncthreads();
            const ThresholdBin bin = search.threshold.find(search.histogram, left);
            const ScoreKey first = range.first(bin.bin);
            const ScoreKey last = range.last(bin.bin);
            // A guess that failed because of a key of very many scores must not fail because of it again.
            const u32 reached = wanted - left + bin.above + bin.inside;
            const bool narrow =
                bin.inside <= wanted / 4 + 16 ||
                (first == last && before == 0 &&
                 reached <= goal.maxima_of(max(places - 4.5f * sqrtf(places), 0.0f)));
            search.histogram.template clear<THREADS>();
            if (narrow || first == last) {
                const ScoreKey worst = Word::worst_key();
                // Missing scores have the worst key too.
                bool ties = !narrow || first <= worst;
                ScoreKey threshold = first <= worst ? worst : ties ? first : first - 1;
                // Every NaN that wins is above the best infinity.
                if (Word::NAN_WINS && threshold > Word::best_key() && !ties) {
                    threshold = Word::best_key();
                }
                // -0 has the key of +0.
                if (!Score::IS_INTEGER && ties && threshold == Word::rough_key(Score::SIGN, 0)) {
                    threshold = Word::key(typename Score::Bits(0));
                }
                return {last >= worst, ties, threshold, greatest};
            }
            left -= bin.above;
            range = Range::of(first, last);
            __syncthreads();
            for_maxima([&](ScoreKey key) {
                if (range.counts(key)) {
                    search.histogram.add(range.bin(key));
                }
            });
        }
    }
};

// Guesses a key that a given number of scores reach, from some of them.
//
// Scope: block; every thread must call. Shared memory: the search's, and one word. Barriers: one
// before anything is counted, two for each pass, none at the end: the histogram is cleared, and a
// barrier is due before it is used again.
// Preconditions: the histogram is clear and `greatest` is 0, both before a barrier.
//
// A thread puts forward the best of each group of its scores: as many groups as make twice the
// number wanted in all. A histogram of these under the greatest gives the bound.
#pragma once
#include "../select/cut.cuh"
#include "../score/word.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"

struct Bound {
    bool found;
    bool ties;     // very many have the key `beneath` itself; those above it are as wanted or fewer
    u32 beneath;
    u32 greatest;  // key seen
};

template <class Config>
struct BoundSearch {
    using Word = ScoreWord<Config>;
    using Search = CutSearch<Config::THREADS, Config::BINS, Config::DIGIT_BITS>;
    using Range = typename Search::Range;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 BINS = Config::BINS;
    // Groups of a thread, in words: the fewest keep the scores of a vector apart, so that winners
    // that stand together are not taken for one; the most are as many as the greatest k needs.
    static constexpr u32 LEAST = 4;
    static constexpr u32 GROUPS = Word::SCORES == 1 ? 8 : 4;
    // The first pass spans this many keys under the greatest: 8 octaves.
    static constexpr u32 MANTISSA_BITS =
        sizeof(typename Config::Bits) == 4 ? 23 : Word::IS_F16 ? 10 : 7;
    static constexpr u32 SPAN_BITS = MANTISSA_BITS + 3;
    static constexpr u32 SHIFT =
        SPAN_BITS > Config::DIGIT_BITS ? SPAN_BITS - Config::DIGIT_BITS : 0;
    static constexpr u32 SPAN = BINS << SHIFT;

    // Of the scores in the sample's words, about `wanted` are above the bound; at least so many if
    // `certain`. for_each_word(visit) calls visit(w, word) for those of this thread, with w from 0 on
    // in each stripe.
    template <class ForEachWord>
    static __device__ __forceinline__ Bound find(Search& search, u32& shared_greatest, bool certain,
                                                 u32 wanted, ForEachWord for_each_word) {
        constexpr u32 WORDS = Config::ITEMS / Word::SCORES;
        constexpr u32 MOST = WORDS < GROUPS ? WORDS : GROUPS;
        u32 best[MOST];
#pragma unroll
        for (u32 g = 0; g < MOST; ++g) {
            best[g] = Word::WORST;
        }
        for_each_word([&](u32 w, u32 word) { best[w % MOST] = Word::better(best[w % MOST], word); });
        u32 groups = MOST;
#pragma unroll
        for (u32 half = MOST / 2; half >= LEAST; half /= 2) {
            if (wanted * 2 <= THREADS * Word::SCORES * half) {
#pragma unroll
                for (u32 g = 0; g < half; ++g) {
                    best[g] = Word::better(best[g], best[g + half]);
                }
                groups = half;
            }
        }
        const u32 maxima = THREADS * Word::SCORES * groups;
        if (wanted > maxima) {
            return {false, false, 0, ~0u};
        }
        // Some groups hold several of the wanted, so that fewer maxima are among them.
        if (!certain) {
            // 1 - exp(-x), to a hundredth where x is under 1.
            const float x = __fdividef(float(wanted), float(maxima));
            const float power = x * (1.0f + x * (0.5f + x * (1.0f / 6.0f)));
            wanted = u32(__fdividef(float(maxima) * power, 1.0f + power)) + 1;
        }
        const auto for_maxima = [&](auto visit) {
#pragma unroll
            for (u32 g = 0; g < MOST; ++g) {
                if (g < groups) {
#pragma unroll
                    for (u32 i = 0; i < Word::SCORES; ++i) {
                        visit(Word::rough_key(best[g], i));
                    }
                }
            }
        };
        u32 greatest = 0;
        for_maxima([&](u32 key) { greatest = max(greatest, key); });
        greatest = warp_greatest(greatest);
        if (threadIdx.x % WARP_SIZE == 0) {
            atomicMax(&shared_greatest, greatest);
        }
        __syncthreads();
        greatest = shared_greatest;

        const u32 least = greatest >= SPAN ? greatest - SPAN + 1 : 0;
        const ActiveRange<Config::DIGIT_BITS> span = {least, greatest, SHIFT};
        Range range = {span, 0, greatest};
        // All keys are in the first range.
        for_maxima([&](u32 key) { search.histogram.add((max(key, least) - least) >> SHIFT); });
        u32 left = wanted;
        while (true) {
            __syncthreads();
            const ThresholdBin bin = search.threshold.find(search.histogram, left);
            const u32 first = range.first(bin.bin);
            const u32 last = range.last(bin.bin);
            // A single key may bring twice what is wanted; more of it is not looked at one by one.
            const u32 reached = wanted - left + bin.above + bin.inside;
            const bool narrow = bin.inside <= wanted / 4 + 16 ||
                                (first == last && reached <= 2 * wanted + WARP_SIZE);
            search.histogram.template clear<THREADS>();
            if (narrow || first == last) {
                const u32 worst = Word::worst_key();
                // Words that stand for no score have the worst key too.
                bool ties = !narrow || first <= worst;
                u32 beneath = first <= worst ? worst : ties ? first : first - 1;
                // Every NaN that wins is beyond the bound, so none is gathered as its equal.
                if (Word::NAN_WINS && beneath > Word::best_key()) {
                    ties = false;
                    beneath = Word::best_key();
                }
                // The key of -0 is that of +0.
                if (ties && beneath == Word::rough_key(Config::Dtype::SIGN, 0)) {
                    beneath = Config::key(typename Config::Bits(0));
                }
                return {last >= worst, ties, beneath, greatest};
            }
            left -= bin.above;
            range = Range::of(first, last);
            __syncthreads();
            for_maxima([&](u32 key) {
                if (range.below <= key && key <= range.beyond) {
                    search.histogram.add(range.bin(key));
                }
            });
        }
    }
};

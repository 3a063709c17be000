// Rescans a part of a row: finds for certain the scores that the guessed threshold missed.
//
// Both functions are rare and not inlined: inlined, they would cost the common path registers. The
// candidates name the part to read (`stripes`, `rank`, `parts`), with a barrier before the call.
//
// Scope: block; every thread must call. Shared memory: the candidates and the cut's search. Barriers:
// one for each stripe, several in `Candidates::compact`, and one where the places are all taken.
// Preconditions: as for `Stripes`.
#pragma once
#include "../core/slots.cuh"
#include "../core/types.cuh"
#include "../row/stripes.cuh"
#include "candidates.cuh"

template <class Config>
struct Rescan {
    using Ordinal = typename Config::Ordinal;
    using Stored = typename Ordinal::Stored;
    using Wide = typename Ordinal::Wide;
    using ScoreKey = typename Ordinal::ScoreKey;
    using Threshold = ::Threshold<Wide>;
    using Buffer = Candidates<Config>;
    using Search = typename Buffer::Search;
    using Word = typename Buffer::Word;
    static constexpr u32 WORDS = Stripes<Config>::WORDS;

    // Makes candidates of the best `most` of the part, among the scores above a threshold. Whenever the
    // places are all taken, it compacts the candidates to the best `most`, and raises the threshold to the
    // last of them. Returns the last threshold as a word.
    static __device__ __noinline__ typename Threshold::Word best(Buffer& to, Search& search, bool none,
                                                                 Wide key, u32 capacity, u32 most) {
        Threshold threshold = {none, key};
        const auto above = [&](u32 column) {
            return threshold.none || to.stripes.key_at(column) > threshold.key;
        };
        const auto drop_others = [&](u32 stripe, u32& hits) {
#pragma unroll 1
            for (u32 rest = hits; rest != 0; rest &= rest - 1) {
                const u32 bit = __ffs(rest) - 1;
                if (!above(to.column_of(to.stripes, stripe, bit))) {
                    hits &= ~(1u << bit);
                }
            }
        };
#pragma unroll 1
        for (u32 stripe = to.rank; stripe < to.stripes.count; stripe += to.parts) {
            u32 hits = hits_above(to.stripes, stripe, threshold);
            if constexpr (Ordinal::USES_COLUMN || Config::Source::DROPS) {
                drop_others(stripe, hits);
            }
            u32 edge = to.stripes.holds_edge(stripe) && above(to.stripes.edge_column());
            while (true) {
                // Append the hits that have a place.
                const u32 mine = __popc(hits) + edge;
                u32 slot = reserve_slot(to.size, mine);
                const u32 end = slot + mine;
#pragma unroll 1
                for (; hits != 0 && slot < capacity; hits &= hits - 1) {
                    const u32 column = to.column_of(to.stripes, stripe, __ffs(hits) - 1);
                    to.keys[slot] = Ordinal::stored(to.stripes.key_at(column));
                    to.columns[slot++] = column;
                }
                if (edge && slot < capacity) {
                    to.keys[slot] = Ordinal::stored(to.stripes.key_at(to.stripes.edge_column()));
                    to.columns[slot] = to.stripes.edge_column();
                    edge = 0;
                }
                if (!__syncthreads_or(end > capacity)) {
                    break;
                }
                // Compact, and drop the hits that are not above the new threshold.
                threshold = Threshold::of(Buffer::compact(to, search, threshold.none, threshold.key,
                                                          capacity, most, 0));
                drop_others(stripe, hits);
                edge = edge && above(to.stripes.edge_column());
            }
        }
        return threshold.word();
    }

    // Appends any scores whose score key is `tie`, until there are `capacity` candidates in all.
    // Precondition: `tie` is the key of a number, or of a NaN that wins.
    static __device__ __noinline__ void ties(Buffer& to, ScoreKey tie, u32 capacity) {
        const bool nan = Word::NAN_WINS && tie > Word::best_key();
        const u32 equal = Word::of_key(tie);
#pragma unroll 1
        for (u32 stripe = to.rank; stripe < to.stripes.count; stripe += to.parts) {
            // Find the ties of the stripe.
            u32 words[WORDS];
            to.stripes.load(stripe, words);
            u32 hits = 0;
#pragma unroll
            for (u32 w = 0; w < WORDS; ++w) {
                // Only NaN does not equal itself.
                Word::add_equal(words[w], nan ? words[w] : equal, Word::bits_of(w), hits);
            }
            // A missing score equals the worst infinity.
            hits = to.stripes.kept(stripe, (nan ? ~hits : hits) & to.stripes.present(stripe));
            u32 edge = to.stripes.holds_edge(stripe) &&
                       Ordinal::score_key(to.stripes.key_at(to.stripes.edge_column())) == tie;
            // Append them, two of a thread at a time: else a few threads would fill all places.
            u32 end;
            bool more;
            do {
                const u32 others = hits & (hits - 1);
                const u32 later = others & (others - 1);
                u32 now = hits ^ later;
                const u32 mine = __popc(now) + edge;
                u32 slot = reserve_slot(to.size, mine);
                end = slot + mine;
#pragma unroll 1
                for (; now != 0 && slot < capacity; now &= now - 1) {
                    const u32 column = to.column_of(to.stripes, stripe, __ffs(now) - 1);
                    to.keys[slot] = stored_tie(tie, column);
                    to.columns[slot++] = column;
                }
                if (edge && slot < capacity) {
                    to.keys[slot] = stored_tie(tie, to.stripes.edge_column());
                    to.columns[slot] = to.stripes.edge_column();
                }
                edge = 0;
                hits = later;
                more = __any_sync(FULL_MASK, later != 0 && end < capacity);
            } while (more);
            // End where the places are all taken.
            if (__syncthreads_or(end > capacity)) {
                if (threadIdx.x == 0) {
                    to.size = capacity;
                }
                __syncthreads();
                return;
            }
        }
    }

   private:
    static __device__ __forceinline__ Stored stored_tie(ScoreKey tie, u32 column) {
        if constexpr (Ordinal::USES_COLUMN) {
            return Ordinal::stored(Ordinal::at(tie, column));
        } else {
            return Stored(Ordinal::lowest_of(tie));
        }
    }

    // The thread's scores of a stripe that are above the threshold. Where keys use the column, or the source
    // drops elements, words cannot tell all of them: some hits are below the threshold, and the caller
    // drops these by their keys.
    static __device__ __forceinline__ u32 hits_above(const Stripes<Config>& stripes, u32 stripe,
                                                     const Threshold& threshold) {
        bool all = threshold.none;
        ScoreKey key = Ordinal::score_key(threshold.key);
        if constexpr (Ordinal::USES_COLUMN) {
            // Scores of the threshold's own score key may be above it.
            all = all || key <= Word::worst_key();
            key -= 1;
        }
        if constexpr (Config::Source::DROPS) {
            // The words of dropped elements are those of a score that may be above it.
            all = all || key < Word::worst_key();
        }
        if (all) {
            return stripes.present(stripe);
        }
        // Only NaN has a key below the key of the worst infinity, and no word to compare with has such a key.
        // Every number is above such a threshold.
        const bool numbers = key < Word::worst_key();
        const u32 limit = numbers ? 0 : Word::of_key(key);
        u32 words[WORDS];
        stripes.load(stripe, words);
        u32 hits = 0;
#pragma unroll
        for (u32 w = 0; w < WORDS; ++w) {
            if (numbers) {
                Word::add_equal(words[w], words[w], Word::bits_of(w), hits);
            } else {
                Word::add_beyond(words[w], limit, Word::bits_of(w), hits);
            }
        }
        return numbers ? hits & stripes.present(stripe) : hits;
    }
};

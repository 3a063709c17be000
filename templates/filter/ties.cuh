// Adds ties to the candidates of a part in the order of its columns: the first of them, or the last, are the
// best where keys rank equal scores by the column.
//
// Scope: block; every thread must call. Shared memory: two tables of counts in the caller's histogram, which is
// not clear afterwards. Barriers: one for each step of as many vectors as a stripe has, and one at the end.
// Preconditions: as for `Stripes`; the candidates name the part, before a barrier; the histogram is no longer
// read.
//
// A step reads vectors that follow each other in the part, so it ends as soon as there are ties enough. Rare and
// not inlined, as a rescan.
#pragma once
#include "../core/histogram.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../row/stripes.cuh"
#include "candidates.cuh"

template <class Config>
struct BestTies {
    using Ordinal = typename Config::Ordinal;
    using Stored = typename Ordinal::Stored;
    using Wide = typename Ordinal::Wide;
    using ScoreKey = typename Ordinal::ScoreKey;
    using Slices = Stripes<Config>;
    using Buffer = Candidates<Config>;
    using Word = typename Buffer::Word;
    using Words = typename Slices::Words;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 WARPS = THREADS / WARP_SIZE;
    static constexpr u32 VECTORS = Slices::VECTORS;
    static constexpr u32 WORDS = Slices::WORDS;
    static constexpr u32 OF_A_VECTOR = Word::bits_of(0) * ((1u << Words::VECTOR) - 1);  // hits
    // A step counts the ties of each warp, for each vector of a thread.
    static constexpr u32 COUNTS = VECTORS * WARPS;
    static constexpr u32 EACH = (COUNTS + WARP_SIZE - 1) / WARP_SIZE;  // of a lane
    static_assert(2 * COUNTS <= Config::BINS, "two tables of counts are in the histogram");

    // The ties before a place of a step, and all of the step.
    struct Before {
        u32 vectors[VECTORS];  // of this thread's vectors
        u32 total;
    };

    // Appends the best scores whose score key is `tie`, until there are `capacity` candidates in all. Returns
    // a key: every score of a greater key is a candidate, if those of a greater score key are. Precondition:
    // `tie` is the key of a number, or of a NaN that wins; there are fewer than `capacity` candidates.
    static __device__ __noinline__ Wide add(Buffer& to, Histogram<Config::BINS>& histogram, ScoreKey tie,
                                            u32 capacity) {
        const Slices& slices = to.stripes;
        const u32 steps = slices.count / to.parts;
        u32 slot = to.size;
        u32 turn = 0;  // of the two tables
        const auto is_done = [&] { return slot >= capacity; };
        // The elements before the vectors come first, and those after them last.
        const bool edge = slices.holds_edge(to.rank) &&
                          Ordinal::score_key(slices.key_at(slices.edge_column())) == tie;
        const bool is_before = slices.edge_column() < slices.head;
        const auto add_edge = [&](bool hit) {
            add_hits(to, histogram, turn++, hit, tie, capacity, slot,
                     [&](u32, u32) { return slices.edge_column(); });
        };
        add_edge(edge && is_before == Ordinal::LOWEST_FIRST);
#pragma unroll 1
        for (u32 step = 0; step < steps && !is_done(); ++step) {
            const u32 first = (Ordinal::LOWEST_FIRST ? step : steps - 1 - step) * VECTORS * THREADS;
            const auto column = [&](u32 vector, u32 item) {
                const u32 number = first + vector * THREADS + threadIdx.x;
                return slices.head + slices.in_order(number, to.rank, to.parts) * Slices::VEC_SIZE + item;
            };
            const u32 hits = find_hits(slices, tie, column);
            add_hits(to, histogram, turn++, hits, tie, capacity, slot, column);
        }
        if (!is_done()) {
            add_edge(edge && is_before != Ordinal::LOWEST_FIRST);
        }
        if (threadIdx.x == 0) {
            to.size = min(slot, capacity);
        }
        __syncthreads();
        // The last tie that was added is in `ties`, if not all of them were.
        return slot >= capacity ? Ordinal::at(tie, to.ties) : Ordinal::lowest_of(tie);
    }

   private:
    // The ties of a step that this thread holds.
    template <class Column>
    static __device__ __forceinline__ u32 find_hits(const Slices& slices, ScoreKey tie, Column column) {
        const bool nan = Word::NAN_WINS && tie > Word::best_key();
        const u32 equal = Word::of_key(tie);
        u32 words[WORDS];
        u32 present = 0;
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            const u32 at = column(v, 0);
            Words::clear(words, Words::VECTOR * v);
            if (at - slices.head < slices.vectors * Slices::VEC_SIZE) {
                const uint4 vector = __ldg(reinterpret_cast<const uint4*>(slices.elements + at));
                Words::make(slices, vector, at, words, Words::VECTOR * v);
                present |= OF_A_VECTOR << Words::VECTOR * v;
            }
        }
        u32 hits = 0;
#pragma unroll
        for (u32 w = 0; w < WORDS; ++w) {
            // Only NaN does not equal itself.
            Word::add_equal(words[w], nan ? words[w] : equal, Word::bits_of(w), hits);
        }
        hits = (nan ? ~hits : hits) & present;
        if constexpr (Config::Source::DROPS) {
#pragma unroll 1
            for (u32 rest = hits; rest != 0; rest &= rest - 1) {
                const u32 bit = __ffs(rest) - 1;
                const u32 item = Word::item_of(bit);
                const bool keeps = slices.keep(column(item / Slices::VEC_SIZE, item % Slices::VEC_SIZE));
                hits &= ~(u32(!keeps) << bit);
            }
        }
        return hits;
    }

    // Appends the hits of a step in their order from `slot` on, as far as there are `capacity` places, and
    // counts all of them in `slot`. One barrier.
    template <class Column>
    static __device__ __forceinline__ void add_hits(Buffer& to, Histogram<Config::BINS>& histogram, u32 turn,
                                                    u32 hits, ScoreKey tie, u32 capacity, u32& slot,
                                                    Column column) {
        const Before before = count(histogram.counts + turn % 2 * COUNTS, hits);
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            const u32 own = hits & OF_A_VECTOR << Words::VECTOR * v;
#pragma unroll 1
            for (u32 rest = own; rest != 0; rest &= rest - 1) {
                const u32 item = Word::item_of(__ffs(rest) - 1);
                const u32 place = before.vectors[v] + __popc(own & before_item(item));
                const u32 at = slot + (Ordinal::LOWEST_FIRST ? place : before.total - 1 - place);
                if (at < capacity) {
                    to.keys[at] = Stored(tie);
                    to.columns[at] = column(v, item % Slices::VEC_SIZE);
                }
                if (at == capacity - 1) {
                    to.ties = to.columns[at];
                }
            }
        }
        slot += before.total;
    }

    // The hits of lower items.
    static __device__ __forceinline__ u32 before_item(u32 item) {
        if constexpr (Word::SCORES == 1) {
            return (1u << item) - 1;
        } else {
            const u32 pairs = (1u << item / 2) - 1;
            return pairs | pairs << 16 | (item & 1) << item / 2;
        }
    }

    // Counts the hits before each vector of this thread, in the order of columns: all first vectors of the
    // CTA's threads, then all second ones, and so on. Precondition: the table was read before the last barrier.
    static __device__ __forceinline__ Before count(u32* table, u32 hits) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        Before before;
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            const u32 own = __popc(hits & OF_A_VECTOR << Words::VECTOR * v);
            const u32 through = warp_sum_through(own, lane);
            before.vectors[v] = through - own;
            if (lane == WARP_SIZE - 1) {
                table[v * WARPS + warp] = through;
            }
        }
        __syncthreads();
        // Each lane adds up consecutive counts, and the warp the sums of the lanes.
        u32 sum = 0;
        u32 sums[EACH];
#pragma unroll
        for (u32 e = 0; e < EACH; ++e) {
            const u32 place = lane * EACH + e;
            sums[e] = sum;
            sum += place < COUNTS ? table[place] : 0;
        }
        const u32 through = warp_sum_through(sum, lane);
        before.total = __shfl_sync(FULL_MASK, through, WARP_SIZE - 1);
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            const u32 place = v * WARPS + warp;
            u32 here = sums[0];
#pragma unroll
            for (u32 e = 1; e < EACH; ++e) {
                here = place % EACH == e ? sums[e] : here;
            }
            before.vectors[v] += __shfl_sync(FULL_MASK, through - sum + here, place / EACH);
        }
        return before;
    }
};

// The candidates that a CTA finds in its part of a row: keys and columns in shared memory.
//
// Filtering pushes the scores above a threshold. Where there are more candidates than places,
// `compact` reduces them to the best.
//
// Scope: block. Shared memory: a key and a column for each of CAPACITY candidates, and the part that a
// rescan reads. Barriers: several in `compact`; the caller places one between the pushes and the reads.
// Preconditions: as for `Stripes`.
#pragma once
#include "../core/slots.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../row/stripes.cuh"
#include "../select/cut.cuh"
#include "set.cuh"

// A threshold of candidates: every score of a greater key is a candidate. Scores of lower keys may be
// candidates too. Without a threshold every score is a candidate.
template <class Wide>
struct Threshold {
    bool none;
    Wide key;

    // As a function that is not inlined returns it.
    struct Word {
        Wide key;
        u32 none;
    };
    __device__ __forceinline__ Word word() const { return {key, none}; }
    static __device__ __forceinline__ Threshold of(const Word& word) {
        return {word.none != 0, word.key};
    }
};

// With a key of 32 bits in one word, which is returned in registers.
template <>
struct Threshold<u32> {
    bool none;
    u32 key;

    using Word = u64;
    __device__ __forceinline__ Word word() const { return u64(none) << 32 | key; }
    static __device__ __forceinline__ Threshold of(Word word) { return {(word >> 32) != 0, u32(word)}; }
};

template <class Config>
struct Candidates {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Stored = typename Ordinal::Stored;
    using Wide = typename Ordinal::Wide;
    using Threshold = ::Threshold<Wide>;
    using Word = typename Stripes<Config>::Word;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 CAPACITY = Config::CANDIDATES;
    static constexpr u32 EDGE = 1u << 31;  // marks a column among positions
    using Search = CutSearch<Ordinal, THREADS, Config::BINS, Config::DIGIT_BITS>;
    using Set = CandidateSet<Ordinal, THREADS / WARP_SIZE>;

    u32 size;  // candidates; while they are pushed, it can exceed the places
    u32 ties;  // candidates that tie with a key, while they are counted
    // The part that a rescan reads. In shared memory it takes no registers.
    Stripes<Config> stripes;
    u32 rank;
    u32 parts;
    Stored keys[CAPACITY];
    u32 columns[CAPACITY];

    // Appends the hits of a stripe, as far as there are `capacity` places; element(item) gives the
    // element of a hit.
    template <class MakeElement>
    __device__ __forceinline__ void push(const Stripes<Config>& stripes, u32 stripe, u32 hits,
                                         u32 capacity, MakeElement element) {
        push(hits, size, capacity, [&](u32 slot, u32 bit) {
            keys[slot] = Ordinal::stored(stripes.key_of(element(Word::item_of(bit)), column_of(stripes, stripe, bit)));
            columns[slot] = column_of(stripes, stripe, bit);
        });
    }

    // Appends the positions of the hits of the last `count` stripes of a batch, as far as there are `capacity`
    // places. Registers cannot be indexed, so the hits move to the last place: a loop takes less code, which
    // each CTA fetches once, than a copy of its body for each stripe.
    template <u32 BATCH>
    __device__ __forceinline__ void push_positions(u32 (&hits)[BATCH], u32 count, u32 capacity) {
        u32 own = 0;
#pragma unroll
        for (u32 b = 0; b < BATCH; ++b) {
            own += __popc(hits[b]);
        }
        if (!__any_sync(FULL_MASK, own != 0)) {
            return;
        }
        u32 slot = reserve_slot(size, own);
        u32 position = (count * THREADS + threadIdx.x) * 32;
#pragma unroll 1
        for (; count > 0; --count) {
            position -= THREADS * 32;
#pragma unroll 1
            for (u32 rest = hits[BATCH - 1]; rest != 0; rest &= rest - 1) {
                if (slot < capacity) {
                    columns[slot] = position + __ffs(rest) - 1;
                }
                slot += 1;
            }
#pragma unroll
            for (u32 b = BATCH - 1; b > 0; --b) {
                hits[b] = hits[b - 1];
            }
        }
    }

    // Makes candidates of the positions from a place on: `stripe` and every `step`-th after it are the stripes;
    // element(number, thread, item) gives an element of the batch. Precondition: a barrier since
    // the last was pushed.
    template <class MakeElement>
    __device__ __forceinline__ void resolve(const Stripes<Config>& stripes, u32 stripe, u32 step,
                                            u32 from, u32 end, MakeElement element) {
#pragma unroll 1
        for (u32 slot = from + threadIdx.x; slot < end; slot += THREADS) {
            const u32 position = columns[slot];
            u32 column = position & ~EDGE;
            if (position & EDGE) {
                keys[slot] = Ordinal::stored(stripes.key_at(column));
            } else {
                const u32 item = Word::item_of(position % 32);
                const u32 thread = position / 32 % THREADS;
                const u32 number = position / 32 / THREADS;
                column = stripes.column(stripe + number * step, thread, item);
                keys[slot] = Ordinal::stored(stripes.key_of(element(number, thread, item), column));
            }
            columns[slot] = column;
        }
    }

    // Appends a score of the row's unaligned ends.
    __device__ __forceinline__ void push_edge(Key key, u32 column, u32 capacity) {
        const u32 slot = atomicAdd(&size, 1u);
        if (slot < capacity) {
            keys[slot] = Ordinal::stored(key);
            columns[slot] = column;
        }
    }

    // The key of a place.
    __device__ __forceinline__ Key key(u32 slot) const { return Ordinal::restored(keys[slot], columns[slot]); }

    // All candidates. Precondition: a barrier since the last was pushed.
    __device__ __forceinline__ Set all() const { return Set::of(keys, columns, &size, 0, 1); }

    // Reduces `count` candidates, all above a threshold, to the best `most`, and returns the new threshold
    // as a word. The keys of the cut are all on one side of `boundary`. The best move to the front, THREADS
    // at a time, so that every entry is read before it is overwritten. Where keys use the column, ties of a
    // guess have keys below its threshold. Not inlined: it is rare, and long to compile.
    static __device__ __noinline__ typename Threshold::Word compact(Candidates& to, Search& search,
                                                                    bool none, Wide above, u32 count,
                                                                    u32 most, Wide boundary) {
        const Wide least = none ? 0 : Ordinal::lowest_of(Ordinal::score_key(above));
        // Find the key that separates the best `most`.
        __syncthreads();
        if (threadIdx.x == 0) {
            to.size = count;
            to.ties = 0;
        }
        Set::cut(search, to.keys, to.columns, &to.size, 0, 1, most, least, ~Wide(0), boundary);
        const Cut<Wide> cut = search.cut;
        if (threadIdx.x == 0) {
            to.size = 0;
        }
        // Move the candidates above the key, and as many ties as there are places.
#pragma unroll 1
        for (u32 from = 0; from < count; from += THREADS) {
            const u32 i = from + threadIdx.x;
            Wide key = 0;
            u32 column = 0;
            bool stays = false;
            if (i < count) {
                key = to.key(i);
                column = to.columns[i];
                stays = key > cut.greatest ||
                        (key >= cut.least && atomicAdd(&to.ties, 1u) < cut.ties);
            }
            __syncthreads();
            const u32 slot = reserve_slot(to.size, stays);
            if (stays) {
                to.keys[slot] = Ordinal::stored(Key(key));
                to.columns[slot] = column;
            }
        }
        __syncthreads();
        // Of the ties of a guess, some may be no candidates.
        if constexpr (Ordinal::USES_COLUMN && !Ordinal::IN_COLUMN_ORDER) {
            if (!none && cut.least <= above) {
                return Threshold{false, above}.word();
            }
        }
        // Scores that tie with the last candidate are no better than it, so they need not be candidates.
        if (cut.least == cut.greatest) {
            return Threshold{false, cut.least}.word();
        }
        return (cut.least == 0 ? Threshold{true, 0} : Threshold{false, cut.least - 1}).word();
    }

    __device__ __forceinline__ u32 column_of(const Stripes<Config>& stripes, u32 stripe, u32 bit) const {
        return stripes.column(stripe, threadIdx.x, Word::item_of(bit));
    }

   private:
    // Calls put(slot, bit) for each hit that has one of `capacity` places. `counter` hands out the
    // places, and exceeds `capacity` if some hits had none.
    template <class Put>
    static __device__ __forceinline__ void push(u32 hits, u32& counter, u32 capacity, Put put) {
        u32 hitting = __ballot_sync(FULL_MASK, hits != 0);
        if (hitting == 0) {
            return;
        }
        // Most often no lane has two.
        const bool several = __any_sync(FULL_MASK, (hits & (hits - 1)) != 0);
        const u32 total = several ? warp_sum(__popc(hits)) : __popc(hitting);
        const u32 lane = threadIdx.x % WARP_SIZE;
        u32 slot = 0;
        if (lane == 0) {
            slot = atomicAdd(&counter, total);
        }
        slot = __shfl_sync(FULL_MASK, slot, 0);
        // Put one hit of each lane at a time: the places of a warp are adjacent, and no lane needs the
        // number of hits of the others.
        const u32 before = (1u << lane) - 1;
        while (hitting != 0 && slot < capacity) {
            const u32 at = slot + __popc(hitting & before);
            if (hits != 0 && at < capacity) {
                put(at, u32(__ffs(hits)) - 1);
            }
            hits &= hits - 1;
            slot += __popc(hitting);
            hitting = __ballot_sync(FULL_MASK, hits != 0);
        }
    }
};

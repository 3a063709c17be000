// The scores of a CTA's part that may win, by their keys and columns.
//
// Scope: block. Shared memory: a key and a column for each of CAPACITY survivors. Barriers: where
// said; the caller places one between pushes and what reads them.
// Preconditions: those of the stripes.
#pragma once
#include "cut.cuh"
#include "stripes.cuh"
#include "types.cuh"
#include "warp.cuh"

// What a CTA holds of its part: every score of a key above `beneath`, or, while `open`, every
// score; and perhaps some others.
struct Held {
    bool open;
    u32 beneath;

    // As one word: what a function that is not inlined returns in registers.
    __device__ __forceinline__ u64 word() const { return u64(open) << 32 | beneath; }
    static __device__ __forceinline__ Held of(u64 word) { return {(word >> 32) != 0, u32(word)}; }
};

// A few survivors of each lane of a warp.
struct SurvivorBatch {
    static constexpr u32 DEPTH = 4;
    const u32* columns;
    u32 at;
    u32 step;
    u32 end;
    u32 keys[DEPTH];

    __device__ __forceinline__ bool there(u32 d) const { return at + d * step < end; }
    __device__ __forceinline__ u32 column(u32 d) const { return columns[at + d * step]; }
};

// Calls visit(batch) for `size` survivors from `keys` and `columns` on: in `warps` warps, of which
// this is the warp-th, all lanes together.
template <class Stored, class Visit>
__device__ __forceinline__ void for_survivors(const Stored* keys, const u32* columns, u32 size,
                                              u32 warp, u32 warps, Visit visit) {
    SurvivorBatch batch;
    batch.columns = columns;
    batch.step = warps * WARP_SIZE;
    batch.end = size;
    for (u32 from = warp * WARP_SIZE; from < size; from += batch.DEPTH * batch.step) {
        batch.at = from + threadIdx.x % WARP_SIZE;
#pragma unroll
        for (u32 d = 0; d < batch.DEPTH; ++d) {
            batch.keys[d] = batch.there(d) ? keys[batch.at + d * batch.step] : Stored(0);
        }
        visit(batch);
    }
}

template <class Config>
struct Survivors {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Slices = Stripes<Config>;
    using Word = typename Slices::Word;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 CAPACITY = Config::CANDIDATES;
    static constexpr u32 WORDS = Slices::WORDS;
    using Search = CutSearch<THREADS, Config::BINS, Config::DIGIT_BITS>;

    u32 size;  // hits, of which the first `capacity` have a place
    u32 ties;  // equals of the bound
    Key keys[CAPACITY];
    u32 columns[CAPACITY];

    // Puts the hits of a stripe in the first places, as far as there are `capacity`; score(item) is
    // that of one.
    template <class Score>
    __device__ __forceinline__ void push(const Slices& slices, u32 stripe, u32 hits, u32 capacity,
                                         Score score) {
        push(hits, size, capacity, [&](u32 slot, u32 bit) {
            keys[slot] = Config::key(score(Word::item_of(bit)));
            columns[slot] = column_of(slices, stripe, bit);
        });
    }

    // Puts hits that all have the key `key`, and of which some are enough, in places from `first` on.
    __device__ __forceinline__ void push_ties(const Slices& slices, u32 stripe, u32 hits, Key key,
                                              u32 first, u32 enough) {
        push(hits, ties, enough, [&](u32 slot, u32 bit) {
            keys[first + slot] = key;
            columns[first + slot] = column_of(slices, stripe, bit);
        });
    }

    __device__ __forceinline__ void push_edge(Key key, u32 column, u32 capacity) {
        const u32 slot = atomicAdd(&size, 1u);
        if (slot < capacity) {
            keys[slot] = key;
            columns[slot] = column;
        }
    }

    // Moves `count` survivors from `first` on to the places from `to` on, which are not behind
    // them. Barriers: around each block of threads.
    __device__ __forceinline__ void append(u32 to, u32 first, u32 count) {
        for (u32 from = 0; from < count; from += THREADS) {
            const u32 i = from + threadIdx.x;
            Key key = 0;
            u32 column = 0;
            if (i < count) {
                key = keys[first + i];
                column = columns[first + i];
            }
            __syncthreads();
            if (i < count) {
                keys[to + i] = key;
                columns[to + i] = column;
            }
        }
        __syncthreads();
    }

    // Gathers for certain the best `keep` of a part, whatever its scores: places that are all
    // taken are compacted to the best, and what comes after must be better than the last of them.
    // Returns what is held; `size` is how many. Not inlined: it is rare, and the common path would
    // run with other registers.
    static __device__ __noinline__ u64 collect(Survivors& to, Search& search, Row<Bits> row,
                                               u32 parts, u32 rank, bool open, u32 beneath,
                                               u32 capacity, u32 keep) {
        const Slices slices(row, parts);
        Held held = {open, beneath};
        __syncthreads();
        if (threadIdx.x == 0) {
            to.size = 0;
        }
        __syncthreads();
        for (u32 stripe = rank; stripe < slices.count; stripe += parts) {
            u32 hits = slices.present(stripe);
            u32 edge = slices.holds_edge(stripe);
            if (!held.open) {
                u32 words[WORDS];
                slices.load(stripe, words);
                const u32 limit = Word::of_key(held.beneath);
                hits = 0;
#pragma unroll
                for (u32 w = 0; w < WORDS; ++w) {
                    Word::add_beyond(words[w], limit, Word::bits_of(w), hits);
                }
                edge = edge && key_of(slices, slices.edge_column()) > held.beneath;
            }
            while (true) {
                const u32 mine = __popc(hits) + edge;
                u32 slot = to.reserve(mine);
                const u32 end = slot + mine;
                while (hits != 0 && slot < capacity) {
                    const u32 column = to.column_of(slices, stripe, __ffs(hits) - 1);
                    to.keys[slot] = key_of(slices, column);
                    to.columns[slot++] = column;
                    hits &= hits - 1;
                }
                if (edge && slot < capacity) {
                    to.keys[slot] = key_of(slices, slices.edge_column());
                    to.columns[slot] = slices.edge_column();
                    edge = 0;
                }
                if (!__syncthreads_or(end > capacity)) {
                    break;
                }
                held = Held::of(compact(to, search, held.open, held.beneath, capacity, keep));
                for (u32 rest = held.open ? 0 : hits; rest != 0; rest &= rest - 1) {
                    const u32 bit = __ffs(rest) - 1;
                    if (key_of(slices, to.column_of(slices, stripe, bit)) <= held.beneath) {
                        hits &= ~(1u << bit);
                    }
                }
                edge = edge && (held.open || key_of(slices, slices.edge_column()) > held.beneath);
            }
        }
        return held.word();
    }

    // Keeps the best `keep` of `count`. They move to the front a block of threads at a time: what
    // is written there has been read before. Not inlined: it is rare, and long to compile.
    static __device__ __noinline__ u64 compact(Survivors& to, Search& search, bool open, u32 beneath,
                                               u32 count, u32 keep) {
        const u32 least = open ? 0 : beneath;
        const Cut cut = search.find(keep, Search::Range::from(least, ~0u), 0, [&](auto visit) {
            for (u32 i = threadIdx.x; i < count; i += THREADS) {
                visit(u32(to.keys[i]));
            }
        });
        if (threadIdx.x == 0) {
            to.size = 0;
            to.ties = 0;
        }
        __syncthreads();
        for (u32 from = 0; from < count; from += THREADS) {
            const u32 i = from + threadIdx.x;
            u32 key = 0;
            u32 column = 0;
            bool kept = false;
            if (i < count) {
                key = to.keys[i];
                column = to.columns[i];
                kept = key > cut.greatest ||
                       (key >= cut.least && atomicAdd(&to.ties, 1u) < cut.ties);
            }
            __syncthreads();
            const u32 slot = to.reserve(kept);
            if (kept) {
                to.keys[slot] = Key(key);
                to.columns[slot] = column;
            }
        }
        __syncthreads();
        // Ties of the last key kept are as good as it, so they need not come.
        if (cut.least == cut.greatest) {
            return Held{false, cut.least}.word();
        }
        return (cut.least == 0 ? Held{true, 0} : Held{false, cut.least - 1}).word();
    }

   private:
    // Calls put(slot, bit) for each hit that has one of `capacity` places; `counter` gives them out,
    // and is greater than `capacity` if some had none.
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
        // One hit of each lane at a time: the places of a warp are next to each other, and no lane
        // need know how many the others have.
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

    static __device__ __forceinline__ u32 key_of(const Slices& slices, u32 column) {
        return Config::key(__ldg(slices.scores + column));
    }

    __device__ __forceinline__ u32 column_of(const Slices& slices, u32 stripe, u32 bit) const {
        return slices.column(stripe, threadIdx.x, Word::item_of(bit));
    }

    // Places for this thread's `mine`.
    __device__ __forceinline__ u32 reserve(u32 mine) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 through = warp_sum_through(mine, lane);
        u32 first = 0;
        if (lane == WARP_SIZE - 1) {
            first = atomicAdd(&size, through);
        }
        return __shfl_sync(FULL_MASK, first, WARP_SIZE - 1) + through - mine;
    }
};

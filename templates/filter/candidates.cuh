// The scores of a CTA's part that may win, by their keys and columns.
//
// Scope: block. Shared memory: a key and a column for each of CAPACITY survivors. Barriers: where
// said; the caller places one between pushes and what reads them.
// Preconditions: those of the stripes.
#pragma once
#include "../select/cut.cuh"
#include "../row/stripes.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"

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

// Survivors as the warps of a CTA go through them: a segment for each CTA that kept some. Warps share
// a segment, or take several.
template <class Stored, u32 WARPS>
struct SurvivorSet {
    using Key = Stored;

    const Stored* keys;
    const u32* columns;
    const u32* sizes;  // of the segments
    u32 share;         // places of each
    u32 segments;
    u32 first;   // segment of this warp
    u32 number;  // among the warps that share it
    u32 step;    // lanes of these

    static __device__ __forceinline__ SurvivorSet of(const Stored* keys, const u32* columns,
                                                     const u32* sizes, u32 share, u32 segments) {
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 sharing = max(WARPS / segments, 1u);
        const u32 number = warp / segments;
        const u32 first = number < sharing ? warp % segments : segments;
        return {keys, columns, sizes, share, segments, first, number, sharing * WARP_SIZE};
    }

    // Calls visit(batch) for the survivors of this warp, all lanes together.
    template <class Visit>
    __device__ __forceinline__ void for_each_batch(Visit visit) const {
        SurvivorBatch batch;
        batch.step = step;
        for (u32 segment = first; segment < segments; segment += WARPS) {
            const Stored* from = keys + segment * share;
            batch.columns = columns + segment * share;
            batch.end = sizes[segment];
#pragma unroll 1
            for (u32 at = number * WARP_SIZE; at < batch.end; at += batch.DEPTH * step) {
                batch.at = at + threadIdx.x % WARP_SIZE;
#pragma unroll
                for (u32 d = 0; d < batch.DEPTH; ++d) {
                    batch.keys[d] = batch.there(d) ? from[batch.at + d * step] : Stored(0);
                }
                visit(batch);
            }
        }
    }

    // Calls visit(key) for each of them.
    template <class Visit>
    __device__ __forceinline__ void for_each_key(Visit visit) const {
        for_each_batch([&](const SurvivorBatch& batch) {
#pragma unroll
            for (u32 d = 0; d < SurvivorBatch::DEPTH; ++d) {
                if (batch.there(d)) {
                    visit(batch.keys[d]);
                }
            }
        });
    }
};

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
    using Set = SurvivorSet<Key, THREADS / WARP_SIZE>;

    u32 size;  // survivors; while they are gathered, more than have a place
    u32 ties;  // of a key
    // What is collected from: here it takes no registers.
    Slices slices;
    u32 rank;
    u32 parts;
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

    __device__ __forceinline__ void push_edge(Key key, u32 column, u32 capacity) {
        const u32 slot = atomicAdd(&size, 1u);
        if (slot < capacity) {
            keys[slot] = key;
            columns[slot] = column;
        }
    }

    // The survivors, once they are all there. Precondition: a barrier since the last came.
    __device__ __forceinline__ Set all() const { return Set::of(keys, columns, &size, 0, 1); }

    // Gathers for certain the best `keep` of a part, whatever its scores: places that are all taken are
    // compacted to the best, and what comes after must be better than the last of them. Only keys
    // above what is held count. Returns what is held; `size` is how many.
    // Not inlined: it is rare, and the common path would run with other registers.
    static __device__ __noinline__ u64 collect(Survivors& to, Search& search, bool open, u32 beneath,
                                               u32 capacity, u32 keep) {
        Held held = {open, beneath};
        const auto counts = [&](u32 column) {
            return held.open || key_of(to.slices, column) > held.beneath;
        };
#pragma unroll 1
        for (u32 stripe = to.rank; stripe < to.slices.count; stripe += to.parts) {
            u32 hits = hits_above(to.slices, stripe, held);
            u32 edge = to.slices.holds_edge(stripe) && counts(to.slices.edge_column());
            while (true) {
                const u32 mine = __popc(hits) + edge;
                u32 slot = to.reserve(mine);
                const u32 end = slot + mine;
#pragma unroll 1
                for (; hits != 0 && slot < capacity; hits &= hits - 1) {
                    const u32 column = to.column_of(to.slices, stripe, __ffs(hits) - 1);
                    to.keys[slot] = key_of(to.slices, column);
                    to.columns[slot++] = column;
                }
                if (edge && slot < capacity) {
                    to.keys[slot] = key_of(to.slices, to.slices.edge_column());
                    to.columns[slot] = to.slices.edge_column();
                    edge = 0;
                }
                if (!__syncthreads_or(end > capacity)) {
                    break;
                }
                held = Held::of(compact(to, search, held.open, held.beneath, capacity, keep, 0));
#pragma unroll 1
                for (u32 rest = hits; rest != 0; rest &= rest - 1) {
                    const u32 bit = __ffs(rest) - 1;
                    if (!counts(to.column_of(to.slices, stripe, bit))) {
                        hits &= ~(1u << bit);
                    }
                }
                edge = edge && counts(to.slices.edge_column());
            }
        }
        return held.word();
    }

    // Appends scores whose key is `tie`, any of them, until there are `capacity` in all.
    // Preconditions: some number has that key, which excludes NaN.
    static __device__ __noinline__ void collect_equals(Survivors& to, u32 tie, u32 capacity) {
        const u32 equal = Word::of_key(tie);
#pragma unroll 1
        for (u32 stripe = to.rank; stripe < to.slices.count; stripe += to.parts) {
            u32 words[WORDS];
            to.slices.load(stripe, words);
            u32 hits = 0;
#pragma unroll
            for (u32 w = 0; w < WORDS; ++w) {
                Word::add_equal(words[w], equal, Word::bits_of(w), hits);
            }
            hits &= to.slices.present(stripe);  // what stands for no score equals the worst infinity
            u32 edge = to.slices.holds_edge(stripe) &&
                       key_of(to.slices, to.slices.edge_column()) == tie;
            u32 end;
            bool more;
            do {
                // Two of a thread at a time: else a few threads would write them all.
                const u32 others = hits & (hits - 1);
                const u32 later = others & (others - 1);
                u32 now = hits ^ later;
                const u32 mine = __popc(now) + edge;
                u32 slot = to.reserve(mine);
                end = slot + mine;
#pragma unroll 1
                for (; now != 0 && slot < capacity; now &= now - 1) {
                    to.keys[slot] = Key(tie);
                    to.columns[slot++] = to.column_of(to.slices, stripe, __ffs(now) - 1);
                }
                if (edge && slot < capacity) {
                    to.keys[slot] = Key(tie);
                    to.columns[slot] = to.slices.edge_column();
                }
                edge = 0;
                hits = later;
                more = __any_sync(FULL_MASK, later != 0 && end < capacity);
            } while (more);
            if (__syncthreads_or(end > capacity)) {
                if (threadIdx.x == 0) {
                    to.size = capacity;
                }
                __syncthreads();
                return;
            }
        }
    }

    // Keeps the best `keep` of `count`, of keys that are all on one side of `edge` if they can be: the
    // search's cut tells. They move to the front a block of threads at a time: what
    // is written there has been read before. Not inlined: it is rare, and long to compile.
    static __device__ __noinline__ u64 compact(Survivors& to, Search& search, bool open, u32 beneath,
                                               u32 count, u32 keep, u32 edge) {
        __syncthreads();
        if (threadIdx.x == 0) {
            to.size = count;
            to.ties = 0;
        }
        search.template find<Set>(search, to.keys, &to.size, 0, 1, keep, open ? 0 : beneath, ~0u, edge);
        const Cut cut = search.cut;
        if (threadIdx.x == 0) {
            to.size = 0;
        }
#pragma unroll 1
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
    // The hits of the thread's scores of a stripe that are above what is held.
    static __device__ __forceinline__ u32 hits_above(const Slices& slices, u32 stripe,
                                                     const Held& held) {
        if (held.open) {
            return slices.present(stripe);
        }
        // Of keys below that of the worst infinity there is NaN alone, which no limit tells from it.
        const bool numbers = held.beneath < Word::worst_key();
        const u32 limit = numbers ? 0 : Word::of_key(held.beneath);
        u32 words[WORDS];
        slices.load(stripe, words);
        u32 hits = 0;
#pragma unroll
        for (u32 w = 0; w < WORDS; ++w) {
            if (numbers) {
                Word::add_equal(words[w], words[w], Word::bits_of(w), hits);
            } else {
                Word::add_beyond(words[w], limit, Word::bits_of(w), hits);
            }
        }
        return numbers ? hits & slices.present(stripe) : hits;
    }

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

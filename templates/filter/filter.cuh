// Keeps what may win of a CTA's part of a row, by one read of it.
//
// A CTA guesses a bound from its first stripe, or two, such that a little more than its share of the
// k winners is above it, and keeps the scores above the bound as they stream by. What the CTAs of a
// row have kept is brought together in one of them, which selects. The k-th best of what was kept
// tells whether the guesses held: then it is not below any CTA's bound.
//
// Scope: block; every thread must call. Shared memory: the search's, the survivors' and the
// judge's: under 48 KB with 2048 bins. Barriers: several in each step, all uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K < CAPACITY; those of the
// stripes.
#pragma once
#include "sample.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/ring.cuh"
#include "../row/row.cuh"
#include "../sink/short_row.cuh"
#include "../row/stripes.cuh"
#include "candidates.cuh"
#include "../core/types.cuh"
#include "final.cuh"

// The part of a row that a CTA reads: stripes rank, rank + parts, and so on.
template <class Config>
struct RowPart {
    Stripes<Config> stripes;
    u32 index;  // of the row
    u32 rank;
    u32 parts;
    u32 share;  // the most that this CTA may keep
    u32 room;   // places to gather in, not fewer
};

// What a CTA keeps of its part.
struct Kept {
    u32 size;
    Held held;
    bool clean;  // the search's histogram is clear

    // Every score of a greater key is there.
    __device__ __forceinline__ u32 edge() const { return held.open ? 0 : held.beneath; }
};

template <class Config>
struct Filter {
    using Bits = typename Config::Bits;
    using Part = RowPart<Config>;
    using Word = ScoreWord<Config>;
    using Found = Survivors<Config>;
    using Set = typename Found::Set;
    using Search = typename Found::Search;
    using Range = typename Search::Range;
    using Court = Judge<Config>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 CAPACITY = Found::CAPACITY;
    // From as many survivors on, winners may be as many as MOST_K after a compaction.
    static_assert(Config::MOST_K < CAPACITY, "a full share has more survivors than it keeps");

    struct Shared {
        Search search;
        Found found;
        Court judge;
        u32 greatest;  // key of the stripes that the bound was guessed from
        u32 beneath;   // the bound: here it takes no register while the row streams by
    };

    // What a CTA selects from.
    struct Gathered {
        Set survivors;
        u32 size;
        u32 edge;    // every score of a greater key is there
        u32 least;   // key of the survivors, more or less
        bool clean;  // the search's histogram is clear
    };

    // Call it first; `keep` needs no barrier after it.
    static __device__ __forceinline__ void prepare(Shared& shared) {
        shared.search.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.found.size = 0;
            shared.found.ties = 0;
            shared.greatest = 0;
            shared.judge.slots = 0;
        }
    }

    // Keeps what is above a guessed bound. False if there is none, or too much above it; what is
    // held then may help to collect.
    static __device__ __forceinline__ bool keep_hits(Shared& shared, const Part& part, u32 k,
                                                     Kept& kept) {
        const Stripes<Config>& stripes = part.stripes;
        const u32 turns = stripes.count / part.parts;
        constexpr u32 STAGES = Ring<Config>::STAGES;
        const Ring<Config> ring;
#pragma unroll 1
        for (u32 turn = 0; turn < min(turns, STAGES); ++turn) {
            ring.bring(stripes, part.rank + turn * part.parts, turn);
        }
        if (turns <= STAGES) {
            let_grid_behind_start();
        }
        // The bound is found while the second stripe is on its way (32 x 131072 f32, k = 512: 9.1 us,
        // and 10.0 after it; H200), unless the wider margin would bring too much together.
        const float each = __fdividef(float(k), float(stripes.count));
        const bool two = turns > 1 && with_margin(each) * stripes.count > CAPACITY / 4 * 3;
        if (turns == 1 || two) {
            copy_async_wait_all();
        } else {
            copy_async_wait_but_last();
        }
        __syncthreads();
        const bool certain = stripes.count == 1;
        const u32 wanted = certain ? k : with_margin(two ? 2.0f * each : each);
        const Bound bound = BoundSearch<Config>::find(
            shared.search, shared.greatest, certain, wanted, [&](auto visit) {
#pragma unroll 1
                for (u32 stage = 0; stage < (two ? 2 : 1); ++stage) {
                    ring.for_each_word(stage, visit);
                }
            });
        kept = {0, {!bound.found, bound.beneath}, true};
        if (!bound.found) {
            return false;
        }
        const u32 limit = Word::of_key(bound.beneath);
        if (threadIdx.x == 0) {
            shared.beneath = bound.beneath;
        }
        if (stripes.holds_edge(part.rank)) {
            const Bits edge = __ldg(stripes.scores + stripes.edge_column());
            if (Config::key(edge) > bound.beneath) {
                shared.found.push_edge(Config::key(edge), stripes.edge_column(), part.room);
            }
        }
        // Of very many equals, twice as many as can be needed, or a few more where room is short.
        const u32 needed = k / part.parts;
        const u32 most = max(part.share / 2, needed + WARP_SIZE / 2);
        const u32 room = part.room - (bound.ties ? min(most, 2 * needed + WARP_SIZE) : 0);
#pragma unroll 1
        for (u32 turn = 0; turn < turns; ++turn) {
            const u32 stage = turn % STAGES;
            const u32 stripe = part.rank + turn * part.parts;
            copy_async_wait_but_last();
            const u32 hits = hits_beyond(ring, stage, limit);
            shared.found.push(stripes, stripe, hits, room,
                              [&](u32 item) { return ring.score(stage, item); });
            if (turn + STAGES < turns) {
                ring.bring(stripes, stripe + STAGES * part.parts, stage);
                if (turn + STAGES + 1 == turns) {
                    let_grid_behind_start();
                }
            } else {
                copy_async_commit();
            }
        }
        __syncthreads();
        kept.size = shared.found.size;
        kept.held.beneath = shared.beneath;
        if (kept.size > room) {
            return false;
        }
        if (bound.ties) {
            collect_from(shared, part, kept.size);
            Found::collect_equals(shared.found, kept.held.beneath, kept.size + part.room - room);
            kept.size = shared.found.size;
        }
        return true;
    }

    // Keeps of a part whatever may win, but not more than its share: the best of it.
    static __device__ __forceinline__ Kept keep(Shared& shared, const Part& part, u32 k) {
        Kept kept = {};
        if (!keep_hits(shared, part, k, kept)) {
            collect(shared, part, kept.held, part.room, min(k, part.room - part.room / 4), kept);
        }
        if (kept.size > part.share) {
            trim_to(shared, part, min(k, part.share), kept);
        }
        return kept;
    }

    // Keeps the best `most` of a part for certain, of those above what `from` holds.
    static __device__ __forceinline__ void collect(Shared& shared, const Part& part,
                                                   const Held& from, u32 capacity, u32 most,
                                                   Kept& kept) {
        collect_from(shared, part, 0);
        const u64 held =
            Found::collect(shared.found, shared.search, from.open, from.beneath, capacity, most);
        kept = {shared.found.size, Held::of(held), false};
        if (kept.size > most) {
            trim_to(shared, part, most, kept);
        }
    }

    // What this CTA has kept, to select from.
    static __device__ __forceinline__ Gathered gathered(const Shared& shared, const Kept& kept) {
        return {shared.found.all(), kept.size, kept.edge(), kept.edge(), kept.clean};
    }

    // Writes the winners of a row, if they are all among what was gathered, and calls settled() before.
    template <class Settled>
    static __device__ __forceinline__ bool select(const LaunchArgs& args, Shared& shared, u32 index,
                                                  u32 k, const Gathered& from, Settled settled) {
        if (from.size < k) {
            return false;
        }
        const Range range = Range::from(from.least, shared.greatest);
        count(shared, range, from);
        const Verdict verdict = Court::judge(shared.search, range, k, from.edge, from.survivors);
        if (verdict.valid) {
            settled();
            shared.judge.write(args, index, k, verdict, from.survivors);
        }
        return verdict.valid;
    }

    // Writes the winners of a row, which this CTA reads again, alone.
    static __device__ __forceinline__ void select_alone(const LaunchArgs& args, Shared& shared,
                                                        u32 index, u32 k) {
        const Part whole = {Stripes<Config>(find_row<Config>(args, index), 1), index, 0, 1, CAPACITY, CAPACITY};
        Kept kept = {};
        collect(shared, whole, {true, 0}, CAPACITY, k, kept);
        write_all(args, shared, index, k);
    }

    // The first k survivors win.
    static __device__ __forceinline__ void write_all(const LaunchArgs& args, const Shared& shared,
                                                     u32 index, u32 k) {
#pragma unroll 1
        for (u32 slot = threadIdx.x; slot < k; slot += THREADS) {
            Config::emit(args, index, slot, shared.found.columns[slot]);
        }
    }

   private:
    // So many that all winners of a part are above the bound, but once in 1e5 rows, where so many of
    // them are expected in what the bound is guessed from.
    static __device__ __forceinline__ u32 with_margin(float expected) {
        return u32(expected + 4.5f * sqrtf(expected)) + 4;
    }

    // Names the part that is collected from next, into places from `first` on.
    static __device__ __forceinline__ void collect_from(Shared& shared, const Part& part, u32 first) {
        __syncthreads();  // what was collected before has been read
        if (threadIdx.x == 0) {
            shared.found.slices = part.stripes;
            shared.found.rank = part.rank;
            shared.found.parts = part.parts;
            shared.found.size = first;
        }
        __syncthreads();
    }

    // Counts survivors in the search's histogram.
    static __device__ __forceinline__ void count(Shared& shared, const Range& range,
                                                 const Gathered& from) {
        if (!from.clean) {
            shared.search.histogram.template clear<THREADS>();
            __syncthreads();
        }
        from.survivors.for_each_key([&](u32 key) { shared.search.histogram.add(range.bin(key)); });
        __syncthreads();
    }

    // The thread's scores of a stage that are beyond a limit.
    static __device__ __forceinline__ u32 hits_beyond(const Ring<Config>& ring, u32 stage,
                                                      u32 limit) {
        u32 hits = 0;
        ring.for_each_word(stage, [&](u32 w, u32 word) {
            Word::add_beyond(word, limit, Word::bits_of(w), hits);
        });
        return hits;
    }

    static __device__ __forceinline__ void trim_to(Shared& shared, const Part& part, u32 most,
                                                   Kept& kept) {
        const u64 held = Found::compact(shared.found, shared.search, kept.held.open,
                                        kept.held.beneath, kept.size, most, 0);
        kept = {most, Held::of(held), false};
    }
};

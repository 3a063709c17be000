// Keeps what may win of a CTA's part of a row, by one read of it.
//
// A CTA guesses a bound from its first stripe or two, such that a little more than its share of the
// k winners is above it, and keeps the scores above the bound as they stream by. What the CTAs of a
// row have kept is brought together in one of them, which selects. The k-th best of what was kept
// tells whether the guesses held: then it is not below any CTA's bound.
//
// Scope: block; every thread must call. Shared memory: the search's, the survivors' and the
// judge's: under 48 KB with 2048 bins. Barriers: several in each step, all uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K < CAPACITY; those of the
// stripes.
#pragma once
#include "bound.cuh"
#include "dependent_launch.cuh"
#include "ring.cuh"
#include "row.cuh"
#include "short_row.cuh"
#include "stripes.cuh"
#include "survivors.cuh"
#include "types.cuh"
#include "verdict.cuh"

// The part of a row that a CTA reads: stripes rank, rank + parts, and so on.
template <class Config>
struct RowPart {
    Row<typename Config::Bits> row;
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
};

template <class Config>
struct Filter {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Part = RowPart<Config>;
    using Word = ScoreWord<Config>;
    using Found = Survivors<Config>;
    using Search = typename Found::Search;
    using Range = typename Search::Range;
    using Court = Judge<Config>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 WARPS = THREADS / WARP_SIZE;
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

    // The bins in which survivors are counted: from the least that was kept on.
    static __device__ __forceinline__ Range bins_from(const Shared& shared, u32 least) {
        return Range::from(least, shared.greatest);
    }
    static __device__ __forceinline__ u32 least_kept(const Kept& kept) {
        return kept.held.open ? 0 : kept.held.beneath;
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
        const u64 held =
            Found::collect(shared.found, shared.search, part.row, part.parts, part.rank, from.open,
                           from.beneath, capacity, most);
        kept = {shared.found.size, Held::of(held), false};
        if (kept.size > most) {
            trim_to(shared, part, most, kept);
        }
    }

    // Counts survivors in the search's histogram, which is clear if `clean`.
    template <class Entries>
    static __device__ __forceinline__ void count(Shared& shared, const Range& range, bool clean,
                                                 Entries entries) {
        if (!clean) {
            shared.search.histogram.template clear<THREADS>();
            __syncthreads();
        }
        entries([&](const SurvivorBatch& batch) {
#pragma unroll
            for (u32 d = 0; d < SurvivorBatch::DEPTH; ++d) {
                if (batch.there(d)) {
                    shared.search.histogram.add(range.bin(batch.keys[d]));
                }
            }
        });
        __syncthreads();
    }

    // Writes the winners of a row of which this CTA keeps all that may win.
    static __device__ __forceinline__ void settle(const LaunchArgs& args, Shared& shared,
                                                  const Part& part, u32 k, Range range,
                                                  Kept kept) {
        while (true) {
            const auto entries = [&](auto visit) {
                for_survivors(shared.found.keys, shared.found.columns, kept.size,
                              threadIdx.x / WARP_SIZE, WARPS, visit);
            };
            if (kept.size >= k) {
                count(shared, range, kept.clean, entries);
                const Verdict verdict =
                    Court::judge(shared.search, range, k, least_kept(kept), entries);
                if (verdict.valid) {
                    shared.judge.write(args, part.index, k, verdict, entries);
                    return;
                }
            }
            // The guess was too high: any score of the row may win.
            const Part whole = {part.row, Stripes<Config>(part.row, 1), part.index, 0, 1, CAPACITY, CAPACITY};
            collect(shared, whole, {true, 0}, CAPACITY, k, kept);
            kept.held = {true, 0};
            range = bins_from(shared, 0);
        }
    }

   private:
    // The scores of a stripe that equal the limit.
    static __device__ __forceinline__ u32 equals(const Stripes<Config>& stripes, u32 stripe,
                                                 const Ring<Config>& ring, u32 stage, u32 hits,
                                                 u32 limit) {
        const u32 beneath = Config::key(Word::score(limit, 0));
        u32 reaching = ~0u;
        if (beneath != u32(Config::key(Bits(Word::WORST_BITS)))) {
            reaching = hits_beyond(ring, stage, Word::of_key(beneath - 1));
        }
        return stripes.present(stripe) & reaching & ~hits;
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
                                        kept.held.beneath, kept.size, most);
        kept = {most, Held::of(held), false};
    }

    // Keeps what is above a guessed bound. False if there is none, or too much above it; what is
    // held then may help to collect.
    static __device__ __forceinline__ bool keep_hits(Shared& shared, const Part& part, u32 k,
                                                     Kept& kept) {
        const Stripes<Config>& stripes = part.stripes;
        const u32 turns = stripes.count / part.parts;
        constexpr u32 STAGES = Ring<Config>::STAGES;
        const Ring<Config> ring;
        for (u32 turn = 0; turn < min(turns, STAGES); ++turn) {
            ring.bring(stripes, part.rank + turn * part.parts, turn);
        }
        if (turns <= STAGES) {
            let_grid_behind_start();
        }
        copy_async_wait_all();
        __syncthreads();
        // So many of the sampled stripes that all winners of the part are above the bound, but once
        // in 1e5 rows. A second stripe halves the survivors that this margin costs.
        const u32 sampled = turns > 1 ? 2 : 1;
        const bool certain = stripes.count == 1;
        const float expected = float(k * sampled) / float(stripes.count);
        const u32 wanted = certain ? k : u32(expected + 4.5f * sqrtf(expected)) + 4;
        const Bound bound = BoundSearch<Config>::find(
            shared.search, shared.greatest, certain, wanted, [&](auto visit) {
                ring.for_each_word(0, visit);
                if (turns > 1) {
                    ring.for_each_word(1, visit);
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
        for (u32 turn = 0; turn < turns; ++turn) {
            const u32 stage = turn % STAGES;
            const u32 stripe = part.rank + turn * part.parts;
            copy_async_wait_but_last();
            const u32 hits = hits_beyond(ring, stage, limit);
            shared.found.push(stripes, stripe, hits, room,
                              [&](u32 item) { return ring.score(stage, item); });
            if (bound.ties) {
                const u32 ties = equals(stripes, stripe, ring, stage, hits, limit);
                shared.found.push_ties(stripes, stripe, ties, Key(bound.beneath), room,
                                       part.room - room);
            }
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
            const u32 ties = min(shared.found.ties, part.room - room);
            shared.found.append(kept.size, room, ties);
            kept.size += ties;
        }
        return true;
    }
};

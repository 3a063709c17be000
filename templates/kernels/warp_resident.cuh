// warp_resident: one warp selects the top k of one short row that it keeps in registers.
//
// The k-th best of the lanes' best keys bounds the key of the k-th winner: k lanes have a key at least as
// good. Scores below the bound lose. Most often few more than k scores are left; they are moved to one a
// lane, and the worst of them are removed one by one. While more are left than a warp has lanes, the middle
// of their keys' range halves them: the scores of one half win or lose. If a half is empty, the range shrinks
// to the keys that are there, so that equal scores and ranges with gaps end the search soon. No score is
// dropped, so the answer is exact for every distribution. The CTA has no barrier and no histogram.
//
// Source: k-selection by bisection on the values (Alabi, Blanchard, Gordon, Steinbach, ACM JEA 17, 2012), in one
// warp as in WarpSelect (Johnson, Douze, Jegou, arXiv:1702.08734).
//
// Scope: warp; a CTA of THREADS / 32 warps has as many rows; grid.x = rows / (THREADS / 32), rounded up. Shared
// memory: static, 128 bytes a warp. Barriers: none of the CTA.
// Preconditions: blockDim.x == Config::THREADS; k >= 1; columns <= 32 * ITEMS <= 1024; row addresses aligned
// to their element.
#pragma once
#include "../core/types.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../ptx/reduce.cuh"
#include "../row/resident/warp_row.cuh"
#include "../row/row.cuh"
#include "../sink/direct.cuh"

template <class Config>
struct WarpResident {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Wide = typename Ordinal::Wide;
    using Sink = DirectSink<Config>;
    static constexpr u32 WARPS = Config::THREADS / WARP_SIZE;
    // Halvings of the range of the lanes' best keys: a bound need not be the best one.
    static constexpr u32 BOUND_ROUNDS = 8;

    struct Shared {
        u32 columns[WARPS][WARP_SIZE];  // of the candidates of each warp's row
    };

    // The candidates: keys from `least` to `greatest`. The key of the k-th winner is one of them.
    struct Range {
        Wide least;
        Wide greatest;
        u32 from_least;  // scores of the row from `least` on: at least k
        u32 above;       // scores above `greatest`: fewer than k
        u32 hits;        // items of this lane from `least` on: a bit for each
        u32 winners;     // items above `greatest`

        __device__ __forceinline__ u32 candidates() const { return from_least - above; }
    };

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        wait_for_preceding_grid();
        // Find the row. One with no more than k scores is written whole.
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 number = blockIdx.x * WARPS + warp;
        if (number >= u64(args.rows)) {
            return;
        }
        const Row<Config> row = find_row<Config>(args, number);
        const u32 k = u32(args.k);
        const Sink sink = {args, number};
        if (row.length <= k) {
            take_all(sink, row, k, lane);
            return;
        }
        // Load the row.
        const WarpRow<Config> resident(row, lane);
        launch_dependents();
        // Find the candidates: bound their keys, and halve the range while they are more than a warp has lanes.
        Range range = bound(resident, k);
        narrow(resident, k, range);
        // Write the scores above the candidates.
        const u32 hits = range.hits & ~range.winners;
        if (range.above != 0) {
            resident.for_each_hit(range.winners, [&](u32 slot, u32 column) {
                sink.put(slot, column, [&row, column] { return row.key_at(column); });
            });
        }
        const u32 candidates = range.candidates();
        const u32 wanted = k - range.above;
        if (candidates == wanted || candidates > WARP_SIZE) {
            // All of them win, or they are equal.
            resident.for_each_hit(hits, [&](u32 place, u32 column) {
                if (place < wanted) {
                    sink.put(range.above + place, column, [&row, column] { return row.key_at(column); });
                }
            });
        } else {
            // Move the candidates to one a lane, and select the best of them.
            u32* columns = shared.columns[warp];
            resident.for_each_hit(hits, [&](u32 place, u32 column) { columns[place] = column; });
            __syncwarp();
            const bool has_one = lane < candidates;
            const u32 column = has_one ? columns[lane] : 0;
            const Wide key = has_one ? Wide(row.key_at(column)) : 0;
            const u32 winners = best_lanes(key, candidates, wanted, lane);
            if (winners >> lane & 1) {
                const u32 place = __popc(winners & ((1u << lane) - 1));
                sink.put(range.above + place, column, [key] { return Key(key); });
            }
        }
        sink.finish();
    }

    // Writes every column as a winner, and fills the places that are left.
    static __device__ __forceinline__ void take_all(const Sink& sink, const Row<Config>& row, u32 k, u32 lane) {
#pragma unroll 1
        for (u32 slot = lane; slot < k; slot += WARP_SIZE) {
            if (slot < row.length) {
                sink.put(slot, slot, [&row, slot] { return row.key_at(slot); });
            } else {
                sink.fill(slot);
            }
        }
        sink.finish();
    }

    // A range that the key of the k-th winner is in.
    static __device__ __forceinline__ Range bound(const WarpRow<Config>& resident, u32 k) {
        const Wide best = resident.greatest();
        Wide greatest = warp_greatest(best);
        Range range = {0, greatest, 0, 0, 0, 0};
        if (k <= WARP_SIZE) {
            range.least = ~warp_greatest(Wide(~best));
#pragma unroll 1
            for (u32 round = 0; round < BOUND_ROUNDS && range.least < greatest; ++round) {
                const Wide middle = greatest - (greatest - range.least) / 2;
                const u32 lanes = __popc(__ballot_sync(FULL_MASK, best >= middle));
                if (lanes < k) {
                    greatest = middle - 1;
                } else {
                    range.least = middle;
                    if (lanes == k) {
                        break;
                    }
                }
            }
        }
        range.hits = resident.hits_from(range.least);
        range.from_least = warp_sum(__popc(range.hits));
        return range;
    }

    // Halves the range until its candidates fit one a lane, or all win, or all are equal.
    static __device__ __forceinline__ void narrow(const WarpRow<Config>& resident, u32 k, Range& range) {
#pragma unroll 1
        while (range.candidates() > WARP_SIZE && range.from_least != k && range.least < range.greatest) {
            const Wide middle = range.greatest - (range.greatest - range.least) / 2;
            const u32 hits = resident.hits_from(middle);
            const u32 from_middle = warp_sum(__popc(hits));
            if (from_middle >= k) {
                const bool is_empty = from_middle == range.from_least;  // the half below
                range.least = is_empty ? resident.least_from(middle) : middle;
                range.from_least = from_middle;
                range.hits = hits;
            } else {
                const bool is_empty = from_middle == range.above;  // the half above
                range.greatest = is_empty ? resident.greatest_to(middle - 1) : middle - 1;
                range.above = from_middle;
                range.winners = hits;
            }
        }
    }

    // The lanes of the best `wanted` keys, of which each of the first `candidates` lanes has one. Takes the
    // best of them or removes the worst, whichever are fewer.
    static __device__ __forceinline__ u32 best_lanes(Wide key, u32 candidates, u32 wanted, u32 lane) {
        const u32 all = FULL_MASK >> (WARP_SIZE - candidates);
        const bool takes = wanted <= candidates - wanted;
        const Wide order = takes ? key : Wide(~key);
        u32 left = all;
        u32 rest = takes ? wanted : candidates - wanted;
#pragma unroll 1
        while (rest != 0) {
            const bool is_left = left >> lane & 1;
            const Wide greatest = warp_greatest(is_left ? order : Wide(0));
            u32 equal = __ballot_sync(FULL_MASK, is_left && order == greatest);
            if (__popc(equal) > rest) {
                const bool is_due = (equal >> lane & 1) && __popc(equal & ((1u << lane) - 1)) < rest;
                equal = __ballot_sync(FULL_MASK, is_due);
            }
            left &= ~equal;
            rest -= __popc(equal);
        }
        return takes ? all & ~left : left;
    }
};

// warp_resident: one warp selects the top k of one short row that it keeps in registers.
//
// The k-th best of the lanes' best keys bounds the key of the k-th winner: k lanes have a key at least as
// good. Scores below the bound lose. Most often few more than k scores are left: the candidates. They are moved
// to one a lane, and each is compared with all. While more are left than a warp has lanes, the middle of their
// keys' range halves them: the scores of one half win or lose. If a half is empty, the range shrinks to the
// keys that are there, so that equal scores and ranges with gaps end the search soon. No score is dropped, so
// the answer is exact for every distribution. The CTA has no barrier and no histogram.
//
// Source: k-selection by bisection on the values (Alabi, Blanchard, Gordon, Steinbach, ACM JEA 17, 2012), in one
// warp as in WarpSelect (Johnson, Douze, Jegou, arXiv:1702.08734), with a bound by the lanes' best keys.
//
// Scope: warp; a CTA of THREADS / 32 warps has as many rows; grid.x = rows / (THREADS / 32), rounded up. Shared
// memory: static, 256 bytes a warp, and 384 with keys of 8 bytes. Barriers: none of the CTA.
// Preconditions: blockDim.x == Config::THREADS; k >= 1; columns <= 32 * ITEMS <= 1024; row addresses aligned
// to their element.
#pragma once
#include "../core/types.cuh"
#include "../core/warp.cuh"
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
    using Team = WarpTeam<WARPS>;
    // Lanes whose best keys are compared, for a k of at most half as many; beyond that, all of them.
    static constexpr u32 GROUPS = WARP_SIZE / 2;

    // Keys that are read at once.
    struct alignas(4 * sizeof(Wide)) Four {
        Wide keys[4];
    };

    // Of one warp.
    struct Part {
        Four keys[WARP_SIZE / 4];  // the best of each lane, and later the candidates
        u32 columns[WARP_SIZE];    // of the candidates
    };

    struct Shared {
        Part parts[WARPS];
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
        const u32 number = blockIdx.x * WARPS + threadIdx.x / WARP_SIZE;
        if (number >= u64(args.rows)) {
            return;
        }
        Part& part = shared.parts[threadIdx.x / WARP_SIZE];
        // Find the row. One with no more than k scores is written whole.
        const u32 lane = threadIdx.x % WARP_SIZE;
        const Row<Config> row = find_row<Config>(args, number);
        const u32 k = find_k<Config>(args, number);
        const Sink sink = {args, number};
        if (row.length <= k) {
            take_all(sink, row, k, lane, team_of(shared));
            return;
        }
        // Load the row.
        const WarpRow<Config> resident(row, lane);
        launch_dependents();
        // Find the candidates: bound their keys, and halve the range while they are more than a warp has lanes.
        Range range = bound(resident, part, k);
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
            resident.for_each_hit(hits, [&](u32 place, u32 column) { part.columns[place] = column; });
            __syncwarp();
            const bool has_one = lane < candidates;
            const u32 column = has_one ? part.columns[lane] : 0;
            const Wide key = has_one ? Wide(row.key_at(column)) : 0;
            const u32 winners = best_lanes(part, key, candidates, wanted, lane);
            if (winners >> lane & 1) {
                const u32 place = __popc(winners & ((1u << lane) - 1));
                sink.put(range.above + place, column, [key] { return Key(key); });
            }
        }
        sink.finish(team_of(shared));
    }

    // Other warps may still select, so the room follows the kernel's variables.
    static __device__ __forceinline__ Team team_of(Shared& shared) { return {&shared + 1}; }

    // Writes every column as a winner, and fills the places that are left.
    static __device__ __forceinline__ void take_all(const Sink& sink, const Row<Config>& row, u32 k, u32 lane,
                                                    const Team& team) {
#pragma unroll 1
        for (u32 slot = lane; slot < k; slot += WARP_SIZE) {
            if (slot < row.length) {
                sink.put(slot, slot, [&row, slot] { return row.key_at(slot); });
            } else {
                sink.fill(slot);
            }
        }
        sink.finish(team);
    }

    // A range that the key of the k-th winner is in.
    static __device__ __forceinline__ Range bound(const WarpRow<Config>& resident, Part& part, u32 k) {
        Wide best = resident.greatest();
        Range range = {0, warp_greatest(best), 0, 0, 0, 0};
        if (k <= WARP_SIZE) {
            // The k-th best of the lanes' best keys. Few winners need fewer keys to compare: the best of two lanes.
            u32 groups = WARP_SIZE;
            if (k <= GROUPS / 2) {
                groups = GROUPS;
                best = max(best, __shfl_xor_sync(FULL_MASK, best, GROUPS));
            }
            const u32 better = count_better(part, best, groups, resident.lane);
            range.least = warp_least(better < k ? best : Wide(~Wide(0)));
        }
        range.hits = resident.hits_from(range.least);
        range.from_least = warp_sum(__popc(range.hits));
        return range;
    }

    // Of the keys of the first lanes, how many are better than this lane's. The other keys up to a multiple of
    // 16 lanes are not better than any. Between two calls there is a __syncwarp.
    static __device__ __forceinline__ u32 count_better(Part& part, Wide key, u32 lanes, u32 lane) {
        part.keys[lane / 4].keys[lane % 4] = key;
        __syncwarp();
        u32 better = 0;
#pragma unroll 1
        for (u32 first = 0; first < lanes; first += 16) {
            u32 bits = 0;  // selected and added up, which takes fewer instructions than counting
#pragma unroll
            for (u32 f = 0; f < 4; ++f) {
                const Four four = part.keys[first / 4 + f];
#pragma unroll
                for (u32 i = 0; i < 4; ++i) {
                    bits |= four.keys[i] > key ? 1u << (4 * f + i) : 0;
                }
            }
            better += __popc(bits);
        }
        return better;
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

    // The lanes of the best `wanted` keys, of which each of the first `candidates` lanes has one, and the others 0.
    static __device__ __forceinline__ u32 best_lanes(Part& part, Wide key, u32 candidates, u32 wanted, u32 lane) {
        const u32 better = count_better(part, key, candidates, lane);
        const bool wins = lane < candidates && better < wanted;
        u32 winners = __ballot_sync(FULL_MASK, wins);
        if (__popc(winners) > wanted) {
            // The worst of them are equal, and not all of these win.
            const u32 rank = warp_greatest(wins ? better : 0);
            const bool ties = wins && better == rank;
            const u32 tied = __ballot_sync(FULL_MASK, ties);
            const bool loses = ties && __popc(tied & ((1u << lane) - 1)) >= wanted - rank;
            winners &= ~__ballot_sync(FULL_MASK, loses);
        }
        return winners;
    }
};

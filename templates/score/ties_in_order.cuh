// The ordinals with a tie rule of scores whose keys have 64 bits, and so no room for a column.
//
// Keys are those of the score alone. A kernel that finds more ties of the last winner than it wants takes them in the
// order of columns, the first or the last of them, so every launch selects the same columns.
//
// Scope: thread, but `for_each_tie`, which every thread of the CTA must call. Shared memory: two tables of a word a
// warp, of the caller. Barriers: one for each step of `for_each_tie`. Preconditions: blockDim.x == THREADS, whole
// warps; the tables are not used otherwise (a barrier).
#pragma once
#include "../core/warp.cuh"
#include "ordinal.cuh"

template <class Dtype, bool LARGEST, bool NAN_HIGHEST, bool LOWEST>
struct TiesInOrder : ScoreOrdinal<Dtype, LARGEST, NAN_HIGHEST> {
    // Of equal scores, the first in the order of columns is the best, or the last.
    static constexpr bool IN_COLUMN_ORDER = true;

    // Calls take(number, column) for the best `wanted` columns of a row whose scores tie. is_tie(column) tells which
    // do. A step reads columns that follow each other, so it ends as soon as there are ties enough.
    template <u32 THREADS, class IsTie, class Take>
    static __device__ __forceinline__ void for_each_tie(u32* tables, u32 columns, u32 wanted, IsTie is_tie,
                                                        Take take) {
        constexpr u32 WARPS = THREADS / WARP_SIZE;
        constexpr u32 EACH = 8;  // columns of a lane in a step: so many loads are outstanding
        constexpr u32 STEP = EACH * THREADS;
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        const auto column_of = [&](u32 place) { return LOWEST ? place : columns - 1 - place; };
        u32 before = 0;  // ties of the steps before
        u32 turn = 0;    // of the two tables
        for (u32 first = 0; first < columns && before < wanted; first += STEP) {
            // Each warp finds and counts the ties of its own columns.
            const u32 own = first + warp * EACH * WARP_SIZE + lane;
            u32 ties[EACH];  // a bit a lane
            u32 count = 0;
#pragma unroll
            for (u32 i = 0; i < EACH; ++i) {
                const u32 place = own + i * WARP_SIZE;
                ties[i] = __ballot_sync(FULL_MASK, place < columns && is_tie(column_of(place)));
                count += __popc(ties[i]);
            }
            u32* counts = tables + turn * WARPS;
            if (lane == 0) {
                counts[warp] = count;
            }
            __syncthreads();
            // Number the ties, and take them.
            const u32 counted = lane < WARPS ? counts[lane] : 0;
            u32 number = before + warp_sum(lane < warp ? counted : 0);
#pragma unroll
            for (u32 i = 0; i < EACH; ++i) {
                const u32 lower = __popc(ties[i] & ((1u << lane) - 1));
                if ((ties[i] >> lane & 1) != 0 && number + lower < wanted) {
                    take(number + lower, column_of(own + i * WARP_SIZE));
                }
                number += __popc(ties[i]);
            }
            before += warp_sum(counted);
            turn ^= 1;
        }
    }
};

// block_filter: one CTA selects the top k of one row of any length, which it reads once.
//
// It keeps the scores above a guessed bound, and selects from these; see filter/filter.cuh.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K; row addresses aligned to
// their element.
#pragma once
#include "../ptx/dependent_launch.cuh"
#include "../filter/filter.cuh"
#include "../row/row.cuh"
#include "../sink/short_row.cuh"
#include "../core/types.cuh"

template <class Config>
struct BlockFilter {
    using Steps = Filter<Config>;
    using Shared = typename Steps::Shared;
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        Steps::prepare(shared);
        wait_for_grid_ahead();
        const Row<typename Config::Bits> row = find_row<Config>(args, blockIdx.x);
        const u32 k = u32(args.k);
        if (row.length <= k) {
            take_all<Config>(args, blockIdx.x, row.length);
            return;
        }
        const RowPart<Config> part = {Stripes<Config>(row, 1), blockIdx.x, 0, 1, Steps::CAPACITY,
                                      Steps::CAPACITY};
        Kept kept = {};
        if (!Steps::keep_hits(shared, part, k, kept) ||
            !Steps::select(args, shared, blockIdx.x, k, Steps::gathered(shared, kept), [] {})) {
            Steps::select_alone(args, shared, blockIdx.x, k);
        }
    }
};

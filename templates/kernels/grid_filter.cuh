// grid_filter: many CTAs select the top k of one huge row, which they read once.
//
// Each CTA keeps of its part the scores above a guessed bound, see device/filter.cuh, and leaves
// them in the workspace. The last to arrive selects; nobody waits for another.
//
// Scope: the CTAs of a row; grid.x = rows * parts. Shared memory: static, under 48 KB. Barriers:
// uniform over the CTA. Workspace: a counter for each row, zero between launches, and from
// Config::COUNTERS on for each row the parts' sizes, edges, columns and keys.
// Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K; row addresses aligned to
// their element.
#pragma once
#include "../device/dependent_launch.cuh"
#include "../device/filter.cuh"
#include "../device/row.cuh"
#include "../device/short_row.cuh"
#include "../device/types.cuh"
#include "../device/warp.cuh"

template <class Config>
struct GridFilter {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
    using Range = typename Steps::Range;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 MOST_SURVIVORS = 65535;  // of a row: the judge counts them in 16 bits

    struct Shared {
        typename Steps::Shared filter;
        bool last;
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    // A row's place in the workspace.
    struct Desk {
        u32* arrived;
        u32* sizes;
        u32* edges;
        u32* columns;
        u32* keys;
    };

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 rows = u32(args.rows);
        const u32 index = blockIdx.x % rows;
        const u32 rank = blockIdx.x / rows;
        const u32 all = rows <= Config::COUNTERS ? gridDim.x / rows : 1;
        Steps::prepare(shared.filter);
        wait_for_grid_ahead();
        const Row<Bits> row = find_row<Config>(args, index);
        const u32 k = u32(args.k);
        if (row.length <= k) {
            if (rank == 0) {
                take_all<Config>(args, index, row.length);
            }
            return;
        }
        // As many CTAs as there are stripes.
        const u32 parts = min(all, (row.length + Stripes<Config>::SCORES - 1) / Stripes<Config>::SCORES);
        if (rank >= parts) {
            return;
        }
        const u32 share = min(Steps::CAPACITY, MOST_SURVIVORS / all);
        const u32 places = parts == 1 ? Steps::CAPACITY : share;
        const Part part = {row, Stripes<Config>(row, parts), index, rank, parts, places,
                           Steps::CAPACITY};
        Kept kept = Steps::keep(shared.filter, part, k);
        if (parts == 1) {
            const Range range = Steps::bins_from(shared.filter, Steps::least_kept(kept));
            Steps::settle(args, shared.filter, part, k, range, kept);
            return;
        }
        const Desk desk = desk_of(args, index, all, share);
        for (u32 i = threadIdx.x; i < kept.size; i += THREADS) {
            desk.keys[rank * share + i] = shared.filter.found.keys[i];
            desk.columns[rank * share + i] = shared.filter.found.columns[i];
        }
        if (threadIdx.x == 0) {
            desk.sizes[rank] = kept.size;
            desk.edges[rank] = Steps::least_kept(kept);
        }
        if (!is_last(shared, desk, parts)) {
            return;
        }
        if (!write_winners(args, shared, part, desk, share, k)) {
            // A guess was too high. This CTA reads the row alone.
            kept = {0, {true, 0}, false};
            Steps::settle(args, shared.filter, part, k, Steps::bins_from(shared.filter, 0), kept);
        }
    }

   private:
    static __device__ __forceinline__ Desk desk_of(const LaunchArgs& args, u32 index, u32 all,
                                                   u32 share) {
        u32* counters = static_cast<u32*>(args.workspace);
        u32* sizes = counters + Config::COUNTERS + u64(index) * all * (2 + 2 * share);
        u32* columns = sizes + 2 * all;
        return {counters + index, sizes, sizes + all, columns, columns + u64(all) * share};
    }

    // Whether all other CTAs of the row have left what they kept. The barriers and one thread's
    // fences put the writes of all CTAs before the last count, and that before what is read.
    static __device__ __forceinline__ bool is_last(Shared& shared, const Desk& desk, u32 parts) {
        __syncthreads();
        if (threadIdx.x == 0) {
            __threadfence();
            shared.last = atomicAdd(desk.arrived, 1u) == parts - 1;
            if (shared.last) {
                atomicExch(desk.arrived, 0u);
            }
            __threadfence();
        }
        __syncthreads();
        return shared.last;
    }

    // False if a winner may be among what was left out.
    static __device__ __forceinline__ bool write_winners(const LaunchArgs& args, Shared& shared,
                                                         const Part& part, const Desk& desk,
                                                         u32 share, u32 k) {
        u32 total = 0;
        u32 edge = 0;
        u32 least = ~0u;
        for (u32 rank = threadIdx.x % WARP_SIZE; rank < part.parts; rank += WARP_SIZE) {
            total += desk.sizes[rank];
            edge = max(edge, desk.edges[rank]);
            least = min(least, desk.edges[rank]);
        }
        total = warp_sum(total);
        edge = warp_greatest(edge);
        const Range range = Steps::bins_from(shared.filter, warp_least(least));
        if (total < k) {
            return false;
        }
        const auto entries = [&](auto visit) {
            for (u32 rank = threadIdx.x / WARP_SIZE; rank < part.parts; rank += Steps::WARPS) {
                for_survivors(desk.keys + rank * share, desk.columns + rank * share,
                              desk.sizes[rank], 0, 1, visit);
            }
        };
        Steps::count(shared.filter, range, false, entries);
        const Verdict verdict = Steps::Court::judge(shared.filter.search, range, k, edge, entries);
        if (verdict.valid) {
            shared.filter.judge.write(args, part.index, k, verdict, entries);
        }
        return verdict.valid;
    }
};

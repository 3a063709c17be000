// grid_filter: many CTAs select the top k of one huge row, which they read once.
//
// Each CTA keeps of its part the scores above a guessed bound, see filter/filter.cuh, and leaves
// them in the workspace. The last to arrive selects; nobody waits for another.
//
// Scope: the CTAs of a row; grid.x = rows * parts. Shared memory: static, under 48 KB. Barriers:
// uniform over the CTA. Workspace: a counter for each row, zero between launches, and from
// Config::COUNTERS on for each row the parts' sizes, edges, columns and keys.
// Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K; row addresses aligned to
// their element.
#pragma once
#include "../ptx/dependent_launch.cuh"
#include "../filter/filter.cuh"
#include "../row/row.cuh"
#include "../sink/short_row.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"

template <class Config>
struct GridFilter {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
    using Gathered = typename Steps::Gathered;
    static constexpr u32 THREADS = Config::THREADS;

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
        Key* keys;
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
        const u32 share = min(Steps::CAPACITY, Config::MOST_CANDIDATES / all);
        const u32 places = parts == 1 ? Steps::CAPACITY : share;
        const Part part = {Stripes<Config>(row, parts), index, rank, parts, places,
                           Steps::CAPACITY};
        const Kept kept = Steps::keep(shared.filter, part, k);
        Gathered from = Steps::gathered(shared.filter, kept);
        if (parts > 1) {
            const Desk desk = desk_of(args, index, all, share);
            leave(shared, desk, part, kept);
            if (!is_last(shared, desk, parts)) {
                return;
            }
            from = gathered(desk, part);
        }
        if (!Steps::select(args, shared.filter, index, k, from, [] {})) {
            Steps::select_alone(args, shared.filter, index, k);
        }
    }

   private:
    static __device__ __forceinline__ Desk desk_of(const LaunchArgs& args, u32 index, u32 all,
                                                   u32 share) {
        u32* counters = static_cast<u32*>(args.workspace);
        u32* sizes = counters + Config::COUNTERS +
                     u64(index) * all * (Config::PART_HEADER_WORDS + 2 * share);
        u32* columns = sizes + 2 * all;
        Key* keys = reinterpret_cast<Key*>(columns + u64(all) * share);
        return {counters + index, sizes, sizes + all, columns, keys};
    }

    static __device__ __forceinline__ void leave(const Shared& shared, const Desk& desk,
                                                 const Part& part, const Kept& kept) {
        const u32 first = part.rank * part.share;
#pragma unroll 1
        for (u32 i = threadIdx.x; i < kept.size; i += THREADS) {
            desk.keys[first + i] = shared.filter.found.keys[i];
            desk.columns[first + i] = shared.filter.found.columns[i];
        }
        if (threadIdx.x == 0) {
            desk.sizes[part.rank] = kept.size;
            desk.edges[part.rank] = kept.edge();
        }
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

    // What all CTAs of the row have left.
    static __device__ __forceinline__ Gathered gathered(const Desk& desk, const Part& part) {
        u32 total = 0;
        u32 edge = 0;
        u32 least = ~0u;
#pragma unroll 1
        for (u32 rank = threadIdx.x % WARP_SIZE; rank < part.parts; rank += WARP_SIZE) {
            total += desk.sizes[rank];
            edge = max(edge, desk.edges[rank]);
            least = min(least, desk.edges[rank]);
        }
        return {Steps::Set::of(desk.keys, desk.columns, desk.sizes, part.share, part.parts),
                warp_sum(total), warp_greatest(edge), warp_least(least), false};
    }
};

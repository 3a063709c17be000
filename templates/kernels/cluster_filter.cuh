// cluster_filter: a cluster of CTAs selects the top k of one row of any length, which it reads once.
//
// Each CTA keeps of its part the scores above a guessed bound, see device/filter.cuh, and puts them
// into the shared memory of the first, which selects. If a guess was too high, every CTA looks
// again: for all that is as good as the k-th best so far, which the winners are for certain.
//
// Scope: cluster; grid.x = rows * CLUSTER. Shared memory: static, under 48 KB. Barriers: uniform
// over the cluster. Preconditions: blockDim.x == Config::THREADS; the launch's clusters are of
// Config::CLUSTER CTAs; 1 <= k <= Config::MOST_K; row addresses aligned to their element.
#pragma once
#include "../device/cluster.cuh"
#include "../device/dependent_launch.cuh"
#include "../device/filter.cuh"
#include "../device/row.cuh"
#include "../device/short_row.cuh"
#include "../device/types.cuh"

template <class Config>
struct ClusterFilter {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
    using Search = typename Steps::Search;
    using Range = typename Steps::Range;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 CLUSTER = Config::CLUSTER;
    static constexpr u32 SHARE = Steps::CAPACITY / CLUSTER;  // places of each CTA in the first
    static_assert(CLUSTER * SHARE > Config::MOST_K, "the CTAs can bring more than win");
    static_assert(CLUSTER <= Steps::WARPS, "each CTA's survivors have a warp of the first");

    struct Shared {
        typename Steps::Shared filter;
        u32 sizes[CLUSTER];  // in the first CTA: of each
        u32 edges[CLUSTER];  // in the first CTA: keys up to which each may have left out some
        bool repeat;         // in each CTA: what the first decided
        Held from;           // in each CTA: where to look again
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 index = blockIdx.x / CLUSTER;
        const u32 rank = cluster_rank();
        Steps::prepare(shared.filter);
        wait_for_grid_ahead();
        const Row<Bits> row = find_row<Config>(args, index);
        const u32 k = u32(args.k);
        // A row of one stripe is not worth the meeting.
        const bool alone = row.length <= Stripes<Config>::SCORES;
        if (alone && rank > 0) {
            return;
        }
        if (row.length <= k) {
            if (rank == 0) {
                take_all<Config>(args, index, row.length);
            }
            return;
        }
        if (alone) {
            const Part part = {row, Stripes<Config>(row, 1), index, 0, 1, Steps::CAPACITY};
            const Kept kept = Steps::keep(shared.filter, part, k);
            Steps::settle(args, shared.filter, part, k, Steps::bins_above(shared.filter, kept.held), kept);
            return;
        }
        cluster_arrive();
        const Part part = {row, Stripes<Config>(row, CLUSTER), index, rank, CLUSTER, SHARE};
        const Kept kept = Steps::keep(shared.filter, part, k);
        const Range range = Steps::bins_above(shared.filter, kept.held);
        cluster_wait();  // the first CTA has started
        Key* keys = rank == 0 ? shared.filter.found.keys : of_cta(shared.filter.found.keys, 0);
        u32* columns = rank == 0 ? shared.filter.found.columns : of_cta(shared.filter.found.columns, 0);
        if (rank > 0 || kept.named) {
            Steps::bring(shared.filter, part, kept, [&](u32 i, Key key, u32 column) {
                keys[rank * SHARE + i] = key;
                columns[rank * SHARE + i] = column;
            });
        }
        if (threadIdx.x == 0) {
            of_cta(shared.sizes, 0)[rank] = kept.size;
            of_cta(shared.edges, 0)[rank] = kept.held.open ? 0 : kept.held.beneath;
        }
        cluster_arrive();
        cluster_wait();
        if (rank == 0 && decide(args, shared, part, k, range, kept.named)) {
            return;
        }
        if (rank > 0) {
            cluster_arrive();
            cluster_wait();
        }
        if (shared.repeat) {
            look_again(args, shared, part, k, range);
        }
    }

   private:
    // In the first CTA: writes the winners, if they are all among what was brought, and lets the
    // others go. Else tells them where to look again.
    static __device__ __forceinline__ bool decide(const LaunchArgs& args, Shared& shared,
                                                  const Part& part, u32 k, const Range& range,
                                                  bool clean) {
        u32 total = 0;
        u32 edge = 0;
#pragma unroll
        for (u32 cta = 0; cta < CLUSTER; ++cta) {
            total += shared.sizes[cta];
            edge = max(edge, shared.edges[cta]);
        }
        // Each warp takes one CTA's survivors, or shares them with other warps.
        constexpr u32 SHARING = Steps::WARPS / CLUSTER;
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 cta = warp % CLUSTER;
        const u32 size = warp < SHARING * CLUSTER ? shared.sizes[cta] : 0;
        const auto entries = [&](auto visit) {
            for_survivors(shared.filter.found.keys + cta * SHARE,
                          shared.filter.found.columns + cta * SHARE, size, warp / CLUSTER, SHARING,
                          visit);
        };
        Held from = {true, 0};
        if (total >= k) {
            Steps::count(shared.filter, range, clean, entries);
            const Verdict verdict =
                Steps::Court::judge(shared.filter.search, range, k, edge, entries);
            if (verdict.valid) {
                tell(shared, false, from);
                shared.filter.judge.write(args, part.index, k, verdict, entries);
                cluster_wait();
                return true;
            }
            const Cut cut =
                shared.filter.search.find(k, Range::of(0, ~0u), 0, [&](auto visit) {
                    entries([&](const SurvivorBatch& batch) {
#pragma unroll
                        for (u32 d = 0; d < SurvivorBatch::DEPTH; ++d) {
                            if (batch.there(d)) {
                                visit(batch.keys[d]);
                            }
                        }
                    });
                });
            from = {cut.least == 0, cut.least - 1};
        }
        tell(shared, true, from);
        cluster_wait();
        return false;
    }

    static __device__ __forceinline__ void tell(Shared& shared, bool repeat, const Held& from) {
        if (threadIdx.x < CLUSTER) {
            *of_cta(&shared.repeat, threadIdx.x) = repeat;
            *of_cta(&shared.from, threadIdx.x) = from;
        }
        cluster_arrive();
    }

    // All CTAs look again, each with all its room. The first fetches what they kept and selects; if
    // it is too much, the first reads the row alone.
    static __device__ __forceinline__ void look_again(const LaunchArgs& args, Shared& shared,
                                                      const Part& part, u32 k,
                                                      const Range& range) {
        Kept kept = {};
        Steps::collect(shared.filter, part, shared.from, Steps::CAPACITY, k, kept);
        if (threadIdx.x == 0) {
            of_cta(shared.sizes, 0)[part.rank] = kept.size;
        }
        cluster_arrive();
        cluster_wait();
        kept = {0, {true, 0}, false};
        if (part.rank == 0) {
            u32 total = 0;
            for (u32 cta = 0; cta < CLUSTER; ++cta) {
                total += shared.sizes[cta];
            }
            if (total <= Steps::CAPACITY) {
                kept.size = shared.sizes[0];
                for (u32 cta = 1; cta < CLUSTER; ++cta) {
                    const Key* keys = of_cta(shared.filter.found.keys, cta);
                    const u32* columns = of_cta(shared.filter.found.columns, cta);
                    for (u32 i = threadIdx.x; i < shared.sizes[cta]; i += THREADS) {
                        shared.filter.found.keys[kept.size + i] = keys[i];
                        shared.filter.found.columns[kept.size + i] = columns[i];
                    }
                    kept.size += shared.sizes[cta];
                }
                __syncthreads();
            }
        }
        cluster_arrive();
        cluster_wait();
        if (part.rank == 0) {
            Steps::settle(args, shared.filter, part, k, range, kept);
        }
    }
};

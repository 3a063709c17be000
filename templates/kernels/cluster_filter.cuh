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
#include "../device/warp.cuh"

template <class Config>
struct ClusterFilter {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
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
        u32 aside;           // in each CTA: ties in the last places of the first
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
        if (!alone) {
            if (threadIdx.x == 0) {
                shared.repeat = false;
            }
            cluster_arrive();
        }
        const u32 parts = alone ? 1 : CLUSTER;
        const u32 share = alone ? Steps::CAPACITY : SHARE;
        // In the first CTA the others' places are theirs from the start.
        const u32 room = rank == 0 ? share : Steps::CAPACITY;
        const Part part = {row, Stripes<Config>(row, parts), index, rank, parts, share, room};
        // Steps are called from one place each: a second call is compiled a second time.
        Last last = {Steps::keep(shared.filter, part, k), 0};
        if (alone) {
            last.least = Steps::least_kept(last.kept);
        } else if (meet(args, shared, part, k, last)) {
            return;
        }
        Steps::settle(args, shared.filter, part, k, Steps::bins_from(shared.filter, last.least),
                      last.kept);
    }

   private:
    // What one CTA is left to select from, and the least key that it may have.
    struct Last {
        Kept kept;
        u32 least;
    };

    // Brings together what the CTAs kept. False in the first if it is left to select alone.
    static __device__ __forceinline__ bool meet(const LaunchArgs& args, Shared& shared,
                                                const Part& part, u32 k, Last& last) {
        const Kept kept = last.kept;
        const u32 rank = part.rank;
        cluster_wait();  // the first CTA has started
        if (rank > 0) {
            Key* keys = of_cta(shared.filter.found.keys, 0) + rank * SHARE;
            u32* columns = of_cta(shared.filter.found.columns, 0) + rank * SHARE;
            for (u32 i = threadIdx.x; i < kept.size; i += THREADS) {
                keys[i] = shared.filter.found.keys[i];
                columns[i] = shared.filter.found.columns[i];
            }
        }
        if (threadIdx.x == 0) {
            of_cta(shared.sizes, 0)[rank] = kept.size;
            of_cta(shared.edges, 0)[rank] = Steps::least_kept(kept);
        }
        cluster_arrive();
        cluster_wait();
        if (rank == 0 && decide(args, shared, part, k, kept.clean)) {
            return true;
        }
        if (rank > 0) {
            cluster_arrive();
            cluster_wait();
        }
        if (!shared.repeat) {
            return true;
        }
        last = look_again(shared, part, k);
        return rank > 0;
    }

    // In the first CTA: writes the winners, if they are all among what was brought, and lets the
    // others go. Else tells them where to look again.
    static __device__ __forceinline__ bool decide(const LaunchArgs& args, Shared& shared,
                                                  const Part& part, u32 k, bool clean) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 total = warp_sum(lane < CLUSTER ? shared.sizes[lane] : 0);
        const u32 edge = warp_greatest(lane < CLUSTER ? shared.edges[lane] : 0);
        const u32 least = warp_least(lane < CLUSTER ? shared.edges[lane] : ~0u);
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
        if (total >= k) {
            const Range range = Steps::bins_from(shared.filter, least);
            Steps::count(shared.filter, range, clean, entries);
            const Verdict verdict =
                Steps::Court::judge(shared.filter.search, range, k, edge, entries);
            if (verdict.valid) {
                cluster_arrive();
                shared.filter.judge.write(args, part.index, k, verdict, entries);
                cluster_wait();
                return true;
            }
        }
        const u64 from = set_ties_aside(shared, total >= k, k);
        __syncthreads();
        const u32 aside = shared.aside;
        __syncthreads();
        if (threadIdx.x < CLUSTER) {
            *of_cta(&shared.repeat, threadIdx.x) = true;
            *of_cta(&shared.from, threadIdx.x) = Held::of(from);
            *of_cta(&shared.aside, threadIdx.x) = aside;
        }
        cluster_arrive();
        cluster_wait();
        return false;
    }

    // Of what was brought, the k-th best key is no better than that of the last winner. So the
    // winners are among the scores above it and, where those are too few, its equals: of these,
    // as many as can be needed were brought. They move to the last places, and the rest is
    // forgotten. Returns the key, as what every CTA holds. Not inlined: it is rare.
    static __device__ __noinline__ u64 set_ties_aside(Shared& shared, bool enough, u32 k) {
        constexpr u32 EACH = Steps::CAPACITY / THREADS;
        constexpr u32 NONE = ~0u;
        if (threadIdx.x == 0) {
            shared.aside = 0;
        }
        if (!enough) {
            return Held{true, 0}.word();
        }
        const auto there = [&](u32 i) {
            return i < CLUSTER * SHARE && i % SHARE < shared.sizes[i / SHARE];
        };
        const Cut cut = shared.filter.search.find(k, Range::of(0, ~0u), ~0u, [&](auto visit) {
            for (u32 i = threadIdx.x; i < CLUSTER * SHARE; i += THREADS) {
                if (there(i)) {
                    visit(u32(shared.filter.found.keys[i]));
                }
            }
        });
        u32 columns[EACH];
#pragma unroll
        for (u32 e = 0; e < EACH; ++e) {
            const u32 i = e * THREADS + threadIdx.x;
            const bool tied = there(i) && shared.filter.found.keys[i] == cut.least;
            columns[e] = tied ? shared.filter.found.columns[i] : NONE;
        }
        __syncthreads();
#pragma unroll
        for (u32 e = 0; e < EACH; ++e) {
            if (columns[e] != NONE) {
                const u32 tie = atomicAdd(&shared.aside, 1u);
                if (tie < cut.ties) {
                    shared.filter.found.keys[Steps::CAPACITY - 1 - tie] = Key(cut.least);
                    shared.filter.found.columns[Steps::CAPACITY - 1 - tie] = columns[e];
                }
            }
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            shared.aside = cut.ties;
        }
        return Held{false, cut.least}.word();
    }

    // All CTAs look again. The first fetches the best that they found; none of it, if even these may
    // lack a winner.
    static __device__ __forceinline__ Last look_again(Shared& shared, const Part& part, u32 k) {
        const u32 aside = shared.aside;
        const u32 room = Steps::CAPACITY - shared.aside;
        const Held from = shared.from;
        Kept kept = {};
        // The first has a place for all that may come.
        Steps::collect(shared.filter, part, from, room, min(k, room / CLUSTER), kept);
        if (threadIdx.x == 0) {
            of_cta(shared.sizes, 0)[part.rank] = kept.size;
            of_cta(shared.edges, 0)[part.rank] = Steps::least_kept(kept);
        }
        cluster_arrive();
        cluster_wait();
        kept = {0, {true, 0}, false};
        if (part.rank == 0) {
            u32 total = aside;
            u32 edge = 0;
            for (u32 cta = 0; cta < CLUSTER; ++cta) {
                total += shared.sizes[cta];
                edge = max(edge, shared.edges[cta]);
            }
            if (total <= Steps::CAPACITY) {
                fetch(shared, aside);
                kept = {total, {edge == 0, edge}, false};
            }
        }
        cluster_arrive();
        cluster_wait();
        return {kept, from.open || kept.size == 0 ? 0 : from.beneath};
    }

    // Appends the other CTAs' survivors to those of the first, and then the ties that it set aside.
    static __device__ __forceinline__ void fetch(Shared& shared, u32 aside) {
        typename Steps::Found& found = shared.filter.found;
        u32 size = shared.sizes[0];
        for (u32 cta = 1; cta < CLUSTER; ++cta) {
            const Key* keys = of_cta(found.keys, cta);
            const u32* columns = of_cta(found.columns, cta);
            for (u32 i = threadIdx.x; i < shared.sizes[cta]; i += THREADS) {
                found.keys[size + i] = keys[i];
                found.columns[size + i] = columns[i];
            }
            size += shared.sizes[cta];
        }
        // Upwards, a block of threads at a time: what is written over has been read.
        const u32 first = Steps::CAPACITY - aside;
        for (u32 from = 0; from < aside; from += THREADS) {
            const u32 i = from + threadIdx.x;
            Key key = 0;
            u32 column = 0;
            if (i < aside) {
                key = found.keys[first + i];
                column = found.columns[first + i];
            }
            __syncthreads();
            if (i < aside) {
                found.keys[size + i] = key;
                found.columns[size + i] = column;
            }
        }
        __syncthreads();
    }
};

// cluster_filter: a cluster of CTAs selects the top k of one row of any length, which it reads once.
//
// Each CTA keeps of its part the scores above a guessed bound, see filter/filter.cuh, and puts them
// into the shared memory of the first, which selects. If a guess was too high, every CTA looks
// again: for all that is as good as the k-th best so far, which the winners are for certain.
//
// Scope: cluster; grid.x = rows * CLUSTER. Shared memory: static, under 48 KB. Barriers: uniform
// over the cluster. Preconditions: blockDim.x == Config::THREADS; the launch's clusters are of
// Config::CLUSTER CTAs; 1 <= k <= Config::MOST_K; row addresses aligned to their element.
#pragma once
#include "../ptx/cluster.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../filter/filter.cuh"
#include "../row/row.cuh"
#include "../sink/short_row.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"

template <class Config>
struct ClusterFilter {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
    using Set = typename Steps::Set;
    using Gathered = typename Steps::Gathered;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 CLUSTER = Config::CLUSTER;
    static constexpr u32 SHARE = Steps::CAPACITY / CLUSTER;  // places of each CTA in the first
    static_assert(CLUSTER * SHARE > Config::MOST_K, "the CTAs can bring more than win");
    static_assert(CLUSTER <= WARP_SIZE, "a lane looks at each CTA's size");
    static constexpr u32 ASIDE_BIT = 40;

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
        const bool meeting = row.length > Stripes<Config>::SCORES;
        if (!meeting && rank > 0) {
            return;
        }
        if (row.length <= k) {
            if (rank == 0) {
                take_all<Config>(args, index, row.length);
            }
            return;
        }
        if (meeting) {
            if (threadIdx.x == 0) {
                shared.repeat = false;
            }
            cluster_arrive_relaxed();
        }
        const u32 parts = meeting ? CLUSTER : 1;
        const u32 share = meeting ? SHARE : Steps::CAPACITY;
        // In the first CTA the others' places are theirs from the start.
        const u32 room = rank == 0 ? share : Steps::CAPACITY;
        const Part part = {Stripes<Config>(row, parts), index, rank, parts, share, room};
        const Kept kept = Steps::keep(shared.filter, part, k);
        Gathered from = Steps::gathered(shared.filter, kept);
        if (meeting) {
            bring(shared, part, kept);
            if (rank > 0) {
                cluster_arrive_relaxed();
                cluster_wait();
                if (shared.repeat) {
                    look_again(shared, part, k);
                    cluster_arrive();
                    cluster_wait();
                }
                return;
            }
            from = brought(shared, kept.clean);
        }
        // Steps are called from one place each: a second call is compiled a second time.
        const bool settled = Steps::select(args, shared.filter, index, k, from, [&] {
            if (meeting) {
                cluster_arrive_relaxed();  // lets the others go
            }
        });
        if (settled) {
            if (meeting) {
                cluster_wait();
            }
        } else if (!meeting || !select_again(args, shared, part, k)) {
            Steps::select_alone(args, shared.filter, index, k);
        }
    }

   private:
    // Brings to the first CTA what this one has kept.
    static __device__ __forceinline__ void bring(Shared& shared, const Part& part, const Kept& kept) {
        const u32 rank = part.rank;
        cluster_wait();  // the first CTA has started
        if (rank > 0) {
            Key* keys = of_cta(shared.filter.found.keys, 0) + rank * SHARE;
            u32* columns = of_cta(shared.filter.found.columns, 0) + rank * SHARE;
#pragma unroll 1
            for (u32 i = threadIdx.x; i < kept.size; i += THREADS) {
                keys[i] = shared.filter.found.keys[i];
                columns[i] = shared.filter.found.columns[i];
            }
        }
        tell_size(shared, rank, kept);
        cluster_arrive();
        cluster_wait();
    }

    static __device__ __forceinline__ void tell_size(Shared& shared, u32 rank, const Kept& kept) {
        if (threadIdx.x == 0) {
            of_cta(shared.sizes, 0)[rank] = kept.size;
            of_cta(shared.edges, 0)[rank] = kept.edge();
        }
    }

    // In the first CTA: what all have brought.
    static __device__ __forceinline__ Gathered brought(const Shared& shared, bool clean) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const bool there = lane < CLUSTER;
        return {Set::of(shared.filter.found.keys, shared.filter.found.columns, shared.sizes, SHARE,
                        CLUSTER),
                warp_sum(there ? shared.sizes[lane] : 0),
                warp_greatest(there ? shared.edges[lane] : 0),
                warp_least(there ? shared.edges[lane] : ~0u), clean};
    }

    // In the first CTA: a guess was too high, so that all CTAs look again. Writes the winners, unless
    // one may be missing even from the best that all CTAs find.
    static __device__ __forceinline__ bool select_again(const LaunchArgs& args, Shared& shared,
                                                        const Part& part, u32 k) {
        const u64 from = set_ties_aside(shared, k);
        const u32 aside = u32(from >> ASIDE_BIT);
        if (threadIdx.x < CLUSTER) {
            *of_cta(&shared.repeat, threadIdx.x) = true;
            *of_cta(&shared.from, threadIdx.x) = Held::of(from & ((1ull << ASIDE_BIT) - 1));
            *of_cta(&shared.aside, threadIdx.x) = aside;
        }
        cluster_arrive();
        cluster_wait();
        look_again(shared, part, k);
        u32 total = aside;
        u32 edge = 0;
#pragma unroll 1
        for (u32 cta = 0; cta < CLUSTER; ++cta) {
            total += shared.sizes[cta];
            edge = max(edge, shared.edges[cta]);
        }
        const bool complete = total >= k && total <= Steps::CAPACITY;
        if (complete) {
            fetch(shared, aside);
        }
        cluster_arrive();
        cluster_wait();
        if (!complete) {
            return false;
        }
        Steps::Found::compact(shared.filter.found, shared.filter.search, true, 0, total, k, edge);
        if (shared.filter.search.cut.least < edge) {
            return false;
        }
        Steps::write_all(args, shared.filter, part.index, k);
        return true;
    }

    // Of what was brought, the k-th best key is no better than that of the last winner. So the
    // winners are among the scores above it and, where those are too few, its equals: of these,
    // as many as can be needed were brought. They move to the last places, and the rest is
    // forgotten. Returns the key, as what every CTA holds, and how many were set aside from ASIDE_BIT
    // on. Not inlined: it is rare.
    static __device__ __noinline__ u64 set_ties_aside(Shared& shared, u32 k) {
        typename Steps::Found& found = shared.filter.found;
        u32 total = 0;
#pragma unroll 1
        for (u32 cta = 0; cta < CLUSTER; ++cta) {
            total += shared.sizes[cta];
        }
        if (total < k) {
            return Held{true, 0}.word();
        }
        if (threadIdx.x == 0) {
            found.ties = 0;
        }
        shared.filter.search.template find<Set>(shared.filter.search, found.keys, shared.sizes, SHARE,
                                                CLUSTER, k, 0, ~0u, ~0u);
        const Cut cut = shared.filter.search.cut;
        // Downwards, a block of threads at a time: what is written over has been read.
#pragma unroll 1
        for (u32 end = (CLUSTER * SHARE + THREADS - 1) / THREADS * THREADS; end > 0; end -= THREADS) {
            const u32 i = end - THREADS + threadIdx.x;
            const bool there = i < CLUSTER * SHARE && i % SHARE < shared.sizes[i / SHARE];
            const bool tied = there && found.keys[i] == cut.least;
            const u32 column = tied ? found.columns[i] : 0;
            __syncthreads();
            const u32 tie = tied ? atomicAdd(&found.ties, 1u) : cut.ties;
            if (tie < cut.ties) {
                found.keys[Steps::CAPACITY - 1 - tie] = Key(cut.least);
                found.columns[Steps::CAPACITY - 1 - tie] = column;
            }
        }
        return Held{false, cut.least}.word() | u64(cut.ties) << ASIDE_BIT;
    }

    // A CTA looks again for what may win, and tells the first how much it found.
    static __device__ __forceinline__ void look_again(Shared& shared, const Part& part, u32 k) {
        const Held from = shared.from;
        // The first has a place for all that may come.
        const u32 room = Steps::CAPACITY - shared.aside;
        Kept kept = {};
        Steps::collect(shared.filter, part, from, room, min(k, room / CLUSTER), kept);
        tell_size(shared, part.rank, kept);
        cluster_arrive();
        cluster_wait();
    }

    // Appends the other CTAs' survivors to those of the first, and then the ties that it set aside.
    static __device__ __forceinline__ void fetch(Shared& shared, u32 aside) {
        typename Steps::Found& found = shared.filter.found;
        u32 size = shared.sizes[0];
#pragma unroll 1
        for (u32 cta = 1; cta < CLUSTER; ++cta) {
            const Key* keys = of_cta(found.keys, cta);
            const u32* columns = of_cta(found.columns, cta);
#pragma unroll 1
            for (u32 i = threadIdx.x; i < shared.sizes[cta]; i += THREADS) {
                found.keys[size + i] = keys[i];
                found.columns[size + i] = columns[i];
            }
            size += shared.sizes[cta];
        }
        // Upwards, a block of threads at a time: what is written over has been read.
        const u32 first = Steps::CAPACITY - aside;
#pragma unroll 1
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
    }
};

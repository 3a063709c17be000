// cluster_filter: a cluster of CTAs selects the top k of one row of any length, and reads the row once.
//
// Each CTA guesses a threshold from a sample of its part, keeps the scores above the threshold as
// candidates, and stores the candidates into the shared memory of the leader CTA (rank 0). The leader CTA
// selects the best k of all. If a guess was too high, every CTA rescans its part for the scores above the
// k-th best candidate: no winner is below it. Sources: see filter/filter.cuh.
//
// Scope: cluster; grid.x = rows * CLUSTER. Shared memory: static, under 48 KB, and the ring's. Barriers:
// uniform over the cluster. Preconditions: blockDim.x == Config::THREADS; the launch's clusters are of
// Config::CLUSTER CTAs; 1 <= k <= Config::MOST_K; row addresses aligned to their element.
#pragma once
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../filter/filter.cuh"
#include "../ptx/cluster.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/row.cuh"
#include "../sink/direct.cuh"
#include "../sink/short_row.cuh"

template <class Config>
struct ClusterFilter {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Wide = typename Ordinal::Wide;
    using Threshold = ::Threshold<Wide>;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
    using Sink = DirectSink<Config>;
    using Buffer = typename Steps::Buffer;
    using Set = typename Steps::Set;
    using PartCandidates = typename Steps::PartCandidates;
    using RowCandidates = typename Steps::RowCandidates;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 CLUSTER = Config::CLUSTER;
    static constexpr u32 SHARE = Steps::CAPACITY / CLUSTER;  // places of each CTA in the leader
    static_assert(CLUSTER * SHARE > Config::MOST_K, "the CTAs send more candidates than win");
    static_assert(CLUSTER <= WARP_SIZE, "a lane reads each CTA's size");

    struct Shared {
        typename Steps::Shared filter;
        u32 sizes[CLUSTER];        // in the leader: candidates of each CTA
        Wide thresholds[CLUSTER];  // in the leader: of each CTA, every score of a greater key is a candidate
        bool rescan;               // in each CTA, set by the leader: a guess failed
        Threshold threshold;       // in each CTA, set by the leader: rescan above it
        u32 ties;                  // in each CTA, set by the leader: ties in its last places
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 index = blockIdx.x / CLUSTER;
        const u32 rank = cluster_rank();

        // Clear the counters, then wait for the preceding grid (PDL).
        Steps::prepare(shared.filter);
        wait_for_preceding_grid();

        // Find the row. The leader CTA alone serves a row of one stripe. Of k scores or fewer, each wins.
        const Row<Config> row = find_row<Config>(args, index);
        const u32 k = u32(args.k);
        const bool split = row.length > Stripes<Config>::SCORES;
        if (!split && rank > 0) {
            return;
        }
        const Sink sink = {args, index};
        if (row.length <= k) {
            if (rank == 0) {
                take_all<Config>(sink, row, k);
            }
            return;
        }
        if (split) {
            if (threadIdx.x == 0) {
                shared.rescan = false;
            }
            cluster_arrive_relaxed();  // this CTA has started
        }

        // Take a part of the row. The leader CTA keeps places for the candidates of the other CTAs.
        const u32 parts = split ? CLUSTER : 1;
        const u32 share = split ? SHARE : Steps::CAPACITY;
        const u32 room = rank == 0 ? share : Steps::CAPACITY;
        const Part part = {Stripes<Config>(row, parts), index, rank, parts, share, room};

        // Guess a threshold from a sample: the first stripe of the part, or two.
        const auto guess = Steps::guess(shared.filter, part, k);

        // Filter the part: the scores above the threshold are the candidates. If they have no room,
        // rescan the part for its best.
        PartCandidates candidates = {};
        if (!Steps::filter(shared.filter, part, k, guess, candidates)) {
            Steps::rescan(shared.filter, part, candidates.threshold, part.room,
                          min(k, part.room - part.room / 4), candidates);
        }
        if (candidates.size > part.share) {
            Steps::reduce(shared.filter, min(k, part.share), candidates);
        }

        // Send the candidates to the leader. The other CTAs stay until it has selected.
        RowCandidates from = Steps::own(shared.filter, candidates);
        if (split) {
            send_candidates(shared, part, candidates);
            if (rank > 0) {
                cluster_arrive_relaxed();
                cluster_wait();
                if (shared.rescan) {
                    rescan(shared, part, k);
                    cluster_arrive();
                    cluster_wait();
                }
                return;
            }
            from = received(shared, candidates.clean);
        }

        // Select the k best candidates, if the k-th is not below any CTA's threshold. Each step is called
        // from one place: a second call is compiled a second time.
        const bool selected = Steps::select(sink, shared.filter, k, from, [&] {
            if (split) {
                cluster_arrive_relaxed();  // lets the other CTAs exit
            }
        });
        if (selected) {
            sink.finish();
            if (split) {
                cluster_wait();
            }
            return;
        }

        // A guess failed: rescan the row by all CTAs, or else by the leader alone.
        if (!split || !select_again(sink, shared, part, k)) {
            Steps::rescan_alone(args, sink, shared.filter, index, k);
        }
        sink.finish();
    }

   private:
    // Stores this CTA's candidates into its places in the leader.
    static __device__ __forceinline__ void send_candidates(Shared& shared, const Part& part,
                                                           const PartCandidates& candidates) {
        const u32 rank = part.rank;
        cluster_wait();  // the leader has started
        if (rank > 0) {
            Key* keys = of_cta(shared.filter.candidates.keys, 0) + rank * SHARE;
            u32* columns = of_cta(shared.filter.candidates.columns, 0) + rank * SHARE;
#pragma unroll 1
            for (u32 i = threadIdx.x; i < candidates.size; i += THREADS) {
                keys[i] = shared.filter.candidates.keys[i];
                columns[i] = shared.filter.candidates.columns[i];
            }
        }
        send_size(shared, rank, candidates);
        cluster_arrive();
        cluster_wait();
    }

    static __device__ __forceinline__ void send_size(Shared& shared, u32 rank,
                                                     const PartCandidates& candidates) {
        if (threadIdx.x == 0) {
            of_cta(shared.sizes, 0)[rank] = candidates.size;
            of_cta(shared.thresholds, 0)[rank] = candidates.complete_above();
        }
    }

    // In the leader: the candidates of all CTAs.
    static __device__ __forceinline__ RowCandidates received(const Shared& shared, bool clean) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const bool there = lane < CLUSTER;
        return {Set::of(shared.filter.candidates.keys, shared.filter.candidates.columns, shared.sizes,
                        SHARE, CLUSTER),
                warp_sum(there ? shared.sizes[lane] : 0),
                warp_greatest(there ? shared.thresholds[lane] : 0),
                Steps::least_of(warp_least(there ? shared.thresholds[lane] : ~Wide(0))), clean};
    }

    // In the leader: has all CTAs rescan, and writes the winners. False if the candidates of the rescan may
    // still lack a winner.
    static __device__ __forceinline__ bool select_again(const Sink& sink, Shared& shared, const Part& part,
                                                        u32 k) {
        // Tell all CTAs the threshold of the rescan.
        const auto from = set_ties_aside(shared, k);
        const u32 ties = Threshold::ties_of(from);
        if (threadIdx.x < CLUSTER) {
            *of_cta(&shared.rescan, threadIdx.x) = true;
            *of_cta(&shared.threshold, threadIdx.x) = Threshold::of(Threshold::without_ties(from));
            *of_cta(&shared.ties, threadIdx.x) = ties;
        }
        cluster_arrive();
        cluster_wait();

        // Rescan, and count the candidates of all CTAs.
        rescan(shared, part, k);
        u32 total = ties;
        Wide threshold = 0;
#pragma unroll 1
        for (u32 cta = 0; cta < CLUSTER; ++cta) {
            total += shared.sizes[cta];
            threshold = max(threshold, shared.thresholds[cta]);
        }

        // Fetch the candidates, and let the other CTAs exit.
        const bool complete = total >= k && total <= Steps::CAPACITY;
        if (complete) {
            fetch(shared, ties);
        }
        cluster_arrive();
        cluster_wait();
        if (!complete) {
            return false;
        }

        // Reduce them to the k best, and write these if the k-th is not below any CTA's threshold.
        Buffer::compact(shared.filter.candidates, shared.filter.search, true, 0, total, k, threshold);
        if (shared.filter.search.cut.least < threshold) {
            return false;
        }
        Steps::write_all(sink, shared.filter, k);
        return true;
    }

    // The k-th best candidate is no better than the last winner. So the winners are the scores above it
    // and, if these are fewer than k, some of its ties. The leader has as many ties as can win: it moves
    // them to the last places, and drops the other candidates. Returns the threshold and the number of ties
    // as a word. Not inlined: it is rare.
    static __device__ __noinline__ typename Threshold::Word set_ties_aside(Shared& shared, u32 k) {
        Buffer& candidates = shared.filter.candidates;
        u32 total = 0;
#pragma unroll 1
        for (u32 cta = 0; cta < CLUSTER; ++cta) {
            total += shared.sizes[cta];
        }
        if (total < k) {
            return Threshold{true, 0}.word();
        }
        if (threadIdx.x == 0) {
            candidates.ties = 0;
        }
        shared.filter.search.template find<Set>(shared.filter.search, candidates.keys, shared.sizes,
                                                SHARE, CLUSTER, k, 0, ~Wide(0), ~Wide(0));
        const Cut<Wide> cut = shared.filter.search.cut;
        // Move them downwards, THREADS at a time, so that every entry is read before it is overwritten.
#pragma unroll 1
        for (u32 end = (CLUSTER * SHARE + THREADS - 1) / THREADS * THREADS; end > 0; end -= THREADS) {
            const u32 i = end - THREADS + threadIdx.x;
            const bool there = i < CLUSTER * SHARE && i % SHARE < shared.sizes[i / SHARE];
            const bool tied = there && candidates.keys[i] == cut.least;
            const u32 column = tied ? candidates.columns[i] : 0;
            __syncthreads();
            const u32 tie = tied ? atomicAdd(&candidates.ties, 1u) : cut.ties;
            if (tie < cut.ties) {
                candidates.keys[Steps::CAPACITY - 1 - tie] = Key(cut.least);
                candidates.columns[Steps::CAPACITY - 1 - tie] = column;
            }
        }
        return Threshold{false, cut.least}.word(cut.ties);
    }

    // Rescans this CTA's part above the leader's threshold, and sends the number of candidates to the leader.
    static __device__ __forceinline__ void rescan(Shared& shared, const Part& part, u32 k) {
        const Threshold from = shared.threshold;
        // The leader has a place for every candidate that the CTAs may send.
        const u32 room = Steps::CAPACITY - shared.ties;
        PartCandidates candidates = {};
        Steps::rescan(shared.filter, part, from, room, min(k, room / CLUSTER), candidates);
        send_size(shared, part.rank, candidates);
        cluster_arrive();
        cluster_wait();
    }

    // In the leader: appends the other CTAs' candidates to its own, and then the ties set aside.
    static __device__ __forceinline__ void fetch(Shared& shared, u32 ties) {
        Buffer& candidates = shared.filter.candidates;
        u32 size = shared.sizes[0];
#pragma unroll 1
        for (u32 cta = 1; cta < CLUSTER; ++cta) {
            const Key* keys = of_cta(candidates.keys, cta);
            const u32* columns = of_cta(candidates.columns, cta);
#pragma unroll 1
            for (u32 i = threadIdx.x; i < shared.sizes[cta]; i += THREADS) {
                candidates.keys[size + i] = keys[i];
                candidates.columns[size + i] = columns[i];
            }
            size += shared.sizes[cta];
        }
        // Move the ties upwards, THREADS at a time, so that every entry is read before it is overwritten.
        const u32 first = Steps::CAPACITY - ties;
#pragma unroll 1
        for (u32 from = 0; from < ties; from += THREADS) {
            const u32 i = from + threadIdx.x;
            Key key = 0;
            u32 column = 0;
            if (i < ties) {
                key = candidates.keys[first + i];
                column = candidates.columns[first + i];
            }
            __syncthreads();
            if (i < ties) {
                candidates.keys[size + i] = key;
                candidates.columns[size + i] = column;
            }
        }
    }
};

// cluster_filter: a cluster of CTAs selects the top k of one row of any length, and reads the row once.
//
// Each CTA guesses a threshold from a sample of its part, keeps the scores above the threshold as
// candidates, and stores the candidates into the shared memory of the leader CTA (rank 0). The leader CTA
// selects the best k of all. If a guess was too high, every CTA filters its part again, with a threshold just
// below the k-th best candidate: no winner is below it. Of a ragged launch, a row that one CTA's registers
// hold is selected from as by block_resident. Sources: see filter/filter.cuh.
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
#include "block_resident.cuh"

template <class Config>
struct ClusterFilter {
    using Ordinal = typename Config::Ordinal;
    using Stored = typename Ordinal::Stored;
    using Wide = typename Ordinal::Wide;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
    using Sink = DirectSink<Config>;
    using Set = typename Steps::Set;
    using PartCandidates = typename Steps::PartCandidates;
    using RowCandidates = typename Steps::RowCandidates;
    static constexpr u32 THREADS = Config::THREADS;
    using Team = BlockTeam<THREADS>;
    static constexpr u32 CLUSTER = Config::CLUSTER;
    static constexpr u32 TRIES = 2;
    static constexpr u32 SHARE = Steps::CAPACITY / CLUSTER;  // places of each CTA in the leader
    static_assert(CLUSTER * SHARE > Config::MOST_K, "the CTAs send more candidates than win");
    static_assert(CLUSTER <= WARP_SIZE, "a lane reads each CTA's size");

    // The leader alone serves a short row.
    struct Alone : Config {
        static constexpr u32 CLUSTER = 1;
    };
    using Short = BlockResident<Alone, CLUSTER>;

    struct Shared {
        // A row needs one of them.
        union {
            typename Steps::Shared filter;
            typename Short::Shared resident;
        };
        u32 sizes[CLUSTER];        // in the leader: candidates of each CTA
        Wide thresholds[CLUSTER];  // in the leader: of each CTA, every score of a greater key is a candidate
        // In the other CTAs, set by the leader if a guess failed:
        bool again;  // filter again
        u32 total;   // candidates of the row
        Wide last;   // k candidates reach this key; 0 without k
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 index = blockIdx.x / CLUSTER;
        const u32 rank = cluster_rank();

        // Clear the counters, then wait for the preceding grid (PDL).
        Steps::prepare(shared.filter);
        wait_for_preceding_grid();

        const u32 k = find_k<Config>(args, index);
        const Sink sink = {args, index};
        // A second try starts from the candidates of the first. Both are one loop, so the steps compile once.
#pragma unroll 1
        for (u32 failed = 0;; ++failed) {
            // Find the row. The leader CTA alone serves a row of one stripe. Of k scores or fewer, each wins.
            const Row<Config> row = find_row<Config>(args, index);
            const bool split = row.length > Stripes<Config>::SCORES;
            if (!split && rank > 0) {
                return;
            }
            if (row.length <= k) {
                if (rank == 0) {
                    take_all<Config>(sink, row, k, team_of(shared));
                }
                return;
            }
            if constexpr (Config::RAGGED) {
                if (!split) {
                    Short::prepare(shared.resident);
                    Short::select_from(args, shared.resident, find_row<Alone>(args, index), k);
                    return;
                }
            }
            if (split) {
                if (threadIdx.x == 0) {
                    shared.again = false;
                }
                cluster_arrive_relaxed();  // this CTA has started
            }

            // Take a part of the row. The leader CTA keeps places for the candidates of the other CTAs.
            const u32 parts = split ? CLUSTER : 1;
            const u32 share = split ? SHARE : Steps::CAPACITY;
            const u32 room = rank == 0 ? share : Steps::CAPACITY;
            const Part part = {Stripes<Config>(row, parts), rank, parts, share, room};

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
            u32 total = 0;
            Wide last = 0;
            if (split) {
                send_candidates(shared, part, candidates);
                if (rank == 0) {
                    from = received(shared, candidates.clean);
                } else {
                    cluster_arrive_relaxed();
                    cluster_wait();
                    if (!shared.again) {
                        return;
                    }
                    total = shared.total;
                    last = shared.last;
                }
            }

            // Select the k best candidates, if the k-th is not below any CTA's threshold.
            if (rank == 0) {
                const bool selected = Steps::select(sink, shared.filter, k, from, [&] {
                    if (split) {
                        cluster_arrive_relaxed();  // lets the other CTAs exit
                    }
                });
                if (selected) {
                    if (split) {
                        cluster_wait();
                    }
                    break;
                }
                // A guess failed: all CTAs filter again. If that failed too, the leader rescans alone.
                __syncthreads();  // the last key is written
                total = from.size;
                last = shared.filter.last;
                const bool again = failed + 1 < TRIES;
                if (split) {
                    tell_others(shared, again, total, last);
                }
                if (!again) {
                    Steps::rescan_alone(args, sink, shared.filter, index, k);
                    break;
                }
            }
            Steps::prepare_again(shared.filter, k, total, last);
        }
        sink.finish(team_of(shared));
    }

   private:
    static __device__ __forceinline__ Team team_of(Shared& shared) { return Team::of(shared); }

    // Stores this CTA's candidates into its places in the leader.
    static __device__ __forceinline__ void send_candidates(Shared& shared, const Part& part,
                                                           const PartCandidates& candidates) {
        const u32 rank = part.rank;
        cluster_wait();  // the leader has started
        if (rank > 0) {
            Stored* keys = of_cta(shared.filter.candidates.keys, 0) + rank * SHARE;
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

    // In the leader: tells the other CTAs whether to filter again, and what the candidates tell of the
    // threshold.
    static __device__ __forceinline__ void tell_others(Shared& shared, bool again, u32 total, Wide last) {
        if (threadIdx.x > 0 && threadIdx.x < CLUSTER) {
            *of_cta(&shared.again, threadIdx.x) = again;
            *of_cta(&shared.total, threadIdx.x) = total;
            *of_cta(&shared.last, threadIdx.x) = last;
        }
        cluster_arrive();
        cluster_wait();
    }
};

// grid_filter: many CTAs select the top k of one huge row, and read the row once.
//
// Each CTA guesses a threshold from a sample of its part, keeps the scores above the threshold as
// candidates, and leaves the candidates in the workspace. The last CTA to arrive selects the best k of all
// candidates; no CTA waits for another. If a guess failed, the last CTA reads the whole row again. Sources:
// see filter/filter.cuh.
//
// Scope: the CTAs of a row; grid.x = rows * CTAs. Shared memory: static, under 48 KB, and the ring's.
// Barriers: uniform over the CTA. Workspace: a counter for each row, zero between launches, and from
// Config::COUNTERS on for each row the CTAs' sizes, thresholds, columns and keys. A CTA has a header of
// two words, and two words for each of its `share` candidates. With keys of 64 bits the header has four
// words, a candidate has three if its key is stored whole, and the share is even: so thresholds and keys are
// aligned.
// Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K; row addresses aligned to
// their element.
#pragma once
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../filter/filter.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/row.cuh"
#include "../sink/direct.cuh"
#include "../sink/short_row.cuh"

template <class Config>
struct GridFilter {
    using Ordinal = typename Config::Ordinal;
    using Stored = typename Ordinal::Stored;
    using Wide = typename Ordinal::Wide;
    using Steps = Filter<Config>;
    using Part = RowPart<Config>;
    using PartCandidates = typename Steps::PartCandidates;
    using RowCandidates = typename Steps::RowCandidates;
    static constexpr u32 THREADS = Config::THREADS;
    using Team = BlockTeam<THREADS>;
    // Words of the workspace.
    static constexpr u32 KEY_WORDS = sizeof(Wide) / sizeof(u32);
    static constexpr u32 STORED_WORDS = (sizeof(Stored) + sizeof(u32) - 1) / sizeof(u32);
    static_assert(Config::PART_HEADER_WORDS == 2 * KEY_WORDS, "the host counts the same header");

    struct Shared {
        typename Steps::Shared filter;
        bool last;
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    // A row's part of the workspace.
    struct Workspace {
        u32* arrived;
        u32* sizes;        // of each CTA
        Wide* thresholds;  // of each CTA: every score of a greater key is a candidate
        u32* columns;      // `share` of each CTA
        Stored* keys;
    };

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 rows = u32(args.rows);
        const u32 index = blockIdx.x % rows;
        const u32 rank = blockIdx.x / rows;
        const u32 ctas = rows <= Config::COUNTERS ? gridDim.x / rows : 1;  // of a row

        // Clear the counters, then wait for the preceding grid (PDL).
        Steps::prepare(shared.filter);
        wait_for_preceding_grid();

        // Find the row. Of k scores or fewer, each wins.
        const Row<Config> row = find_row<Config>(args, index);
        const u32 k = find_k<Config>(args, index);
        const DirectSink<Config> sink = {args, index};
        if (row.length <= k) {
            if (rank == 0) {
                take_all<Config>(sink, row, k, team_of(shared));
            }
            return;
        }

        // Take a part of the row. With fewer stripes than CTAs, some CTAs have no part.
        const u32 parts = min(ctas, (row.length + Stripes<Config>::SCORES - 1) / Stripes<Config>::SCORES);
        if (rank >= parts) {
            return;
        }
        const u32 share = min(Steps::CAPACITY, Config::MOST_CANDIDATES / ctas) / KEY_WORDS * KEY_WORDS;
        const u32 places = parts == 1 ? Steps::CAPACITY : share;
        const Part part = {Stripes<Config>(row, parts), rank, parts, places,
                           Steps::CAPACITY};

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

        // Leave the candidates in the workspace. The last CTA of the row continues with all candidates.
        RowCandidates from = Steps::own(shared.filter, candidates);
        if (parts > 1) {
            const Workspace workspace = workspace_of(args, index, ctas, share);
            leave(shared, workspace, part, candidates);
            if (!is_last(shared, workspace, parts)) {
                return;
            }
            from = all(workspace, part);
        }

        // Select the k best candidates, if the k-th is not below any CTA's threshold. Otherwise a guess
        // failed: rescan the row.
        if (!Steps::select(sink, shared.filter, k, from, [] {})) {
            Steps::rescan_alone(args, sink, shared.filter, index, k);
        }
        sink.finish(team_of(shared));
    }

   private:
    static __device__ __forceinline__ Team team_of(Shared& shared) { return Team::of(shared); }

    static __device__ __forceinline__ Workspace workspace_of(const LaunchArgs& args, u32 index,
                                                             u32 ctas, u32 share) {
        u32* counters = static_cast<u32*>(args.workspace);
        u32* sizes = counters + Config::COUNTERS +
                     u64(index) * ctas * (Config::PART_HEADER_WORDS + (1 + STORED_WORDS) * share);
        u32* columns = sizes + Config::PART_HEADER_WORDS * ctas;
        Stored* keys = reinterpret_cast<Stored*>(columns + u64(ctas) * share);
        Wide* thresholds = reinterpret_cast<Wide*>(sizes + KEY_WORDS * ctas);
        return {counters + index, sizes, thresholds, columns, keys};
    }

    // Writes this CTA's candidates to the workspace.
    static __device__ __forceinline__ void leave(const Shared& shared, const Workspace& workspace,
                                                 const Part& part, const PartCandidates& candidates) {
        const u32 first = part.rank * part.share;
#pragma unroll 1
        for (u32 i = threadIdx.x; i < candidates.size; i += THREADS) {
            workspace.keys[first + i] = shared.filter.candidates.keys[i];
            workspace.columns[first + i] = shared.filter.candidates.columns[i];
        }
        if (threadIdx.x == 0) {
            workspace.sizes[part.rank] = candidates.size;
            workspace.thresholds[part.rank] = candidates.complete_above();
        }
    }

    // Whether all other CTAs of the row have left their candidates. The barriers and one thread's fences
    // order the writes of all CTAs before the last count, and the last count before the reads.
    static __device__ __forceinline__ bool is_last(Shared& shared, const Workspace& workspace,
                                                   u32 parts) {
        __syncthreads();
        if (threadIdx.x == 0) {
            __threadfence();
            shared.last = atomicAdd(workspace.arrived, 1u) == parts - 1;
            if (shared.last) {
                atomicExch(workspace.arrived, 0u);
            }
            __threadfence();
        }
        __syncthreads();
        return shared.last;
    }

    // The candidates of all CTAs of the row.
    static __device__ __forceinline__ RowCandidates all(const Workspace& workspace, const Part& part) {
        u32 total = 0;
        Wide greatest = 0;
        Wide least = ~Wide(0);
#pragma unroll 1
        for (u32 rank = threadIdx.x % WARP_SIZE; rank < part.parts; rank += WARP_SIZE) {
            total += workspace.sizes[rank];
            greatest = max(greatest, workspace.thresholds[rank]);
            least = min(least, workspace.thresholds[rank]);
        }
        return {Steps::Set::of(workspace.keys, workspace.columns, workspace.sizes, part.share, part.parts),
                warp_sum(total), warp_greatest(greatest), Steps::least_of(warp_least(least)), false};
    }
};

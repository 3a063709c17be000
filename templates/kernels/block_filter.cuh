// block_filter: one CTA selects the top k of one row of any length, and reads the row once.
//
// It guesses a threshold from a sample of the row, keeps the scores above the threshold as candidates while
// it reads the row, and selects the best k candidates. A guess that fails costs a second read of the row, above a
// threshold that the candidates of the first tell; if that fails too, a rescan finds the best for certain.
// Of a ragged launch, a row that registers hold is selected from as by block_resident: it needs no sample.
// Sources: see filter/filter.cuh.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB, and the ring's. Barriers: uniform
// over the CTA. Preconditions: blockDim.x == Config::THREADS; 1 <= k <= Config::MOST_K; row addresses
// aligned to their element.
#pragma once
#include "../core/types.cuh"
#include "../filter/filter.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/row.cuh"
#include "../sink/direct.cuh"
#include "../sink/short_row.cuh"
#include "block_resident.cuh"

template <class Config>
struct BlockFilter {
    using Steps = Filter<Config>;
    using Short = BlockResident<Config>;
    using Team = BlockTeam<Config::THREADS>;
    static constexpr u32 TRIES = 2;

    // A row needs one of them.
    union Shared {
        typename Steps::Shared filter;
        typename Short::Shared resident;
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        // Clear the counters, then wait for the preceding grid (PDL).
        Steps::prepare(shared.filter);
        wait_for_preceding_grid();

        const u32 k = find_k<Config>(args, blockIdx.x);
        const DirectSink<Config> sink = {args, blockIdx.x};
        // A second try starts from what the first counted. Both are one loop, so the steps compile once.
#pragma unroll 1
        for (u32 failed = 0; failed < TRIES; ++failed) {
            // Find the row. Of k scores or fewer, each wins.
            const Row<Config> row = find_row<Config>(args, blockIdx.x);
            if (row.length <= k) {
                take_all<Config>(sink, row, k, team_of(shared));
                return;
            }
            if constexpr (Config::RAGGED) {
                if (row.length <= Stripes<Config>::SCORES) {
                    Short::prepare(shared.resident);
                    Short::select_from(args, shared.resident, row, k);
                    return;
                }
            }
            const RowPart<Config> part = {Stripes<Config>(row, 1), 0, 1, Steps::CAPACITY,
                                          Steps::CAPACITY};

            // Guess a threshold from a sample: the first stripe of the row, or two.
            const auto guess = Steps::guess(shared.filter, part, k);

            // Filter the row: the scores above the threshold are the candidates. Select the k best of them,
            // if there are k and the k-th is not below the threshold.
            typename Steps::PartCandidates candidates = {};
            if (Steps::filter(shared.filter, part, k, guess, candidates) &&
                Steps::select(sink, shared.filter, k, Steps::own(shared.filter, candidates), [] {})) {
                sink.finish(team_of(shared));
                return;
            }
            if (!guess.found) {
                break;
            }
            Steps::prepare_again(shared.filter, k, shared.filter.candidates.size, 0);
        }
        // Rescan the row.
        Steps::rescan_alone(args, sink, shared.filter, blockIdx.x, k);
        sink.finish(team_of(shared));
    }

    static __device__ __forceinline__ Team team_of(Shared& shared) { return Team::of(shared); }
};

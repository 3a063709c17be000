// block_resident: one CTA selects the top k of one row that it keeps in registers.
//
// The row is loaded once and rounded to fp16. Rounding keeps the order of the scores. One histogram of the
// rounded scores finds the threshold bin; scores above the bin win. Few candidates in the bin are collected
// in shared memory and selected by their keys. Many are split by radix passes over the range from their
// least to their greatest key. No candidate is dropped, so the answer is exact for every distribution. No
// pass reads the whole row again: a later pass visits only the candidates that are left.
//
// Source: RadixSelect (Alabi, Blanchard, Gordon, Steinbach, ACM JEA 17, 2012), with a first digit of the
// rounded scores in registers.
//
// The filters select so from the short rows of a ragged launch, by one of the CTAS of each row.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; k >= 1; columns <= THREADS * ITEMS <= 32768; row
// addresses aligned to their element.
#pragma once
#include "../core/histogram.cuh"
#include "../core/ranking.cuh"
#include "../core/slots.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/resident/row.cuh"
#include "../row/row.cuh"
#include "../select/candidates.cuh"
#include "../select/extremes.cuh"
#include "../select/split.cuh"
#include "../sink/short_row.cuh"
#include "../sink/staged.cuh"

template <class Config, u32 CTAS = 1>
struct BlockResident {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Places = ResidentPlaces<Config>;
    using Hits = typename Places::Hits;
    using Few = FewCandidates<Config>;
    using Wide = typename Ordinal::Wide;
    static constexpr u32 THREADS = Config::THREADS;
    using Team = BlockTeam<THREADS>;
    static constexpr u32 BINS = Config::BINS;
    static constexpr u32 DIGIT_BITS = Config::DIGIT_BITS;
    static constexpr u32 CODE_SHIFT = 16 - DIGIT_BITS;  // a bin is the upper bits of a code
    // The k for which winners are staged on chip before they are written.
    static constexpr u32 STAGED_FROM = 513;
    static constexpr u32 STAGED = DirectOfStaged<Config>::NEEDS_KEY && sizeof(Key) > 4 ? 1024 : 2048;
    using Sink = StagedSink<Config, STAGED>;

    static_assert(BINS == 1u << DIGIT_BITS, "a histogram has one bin for each value of a digit");
    static_assert(THREADS * Config::ITEMS <= 32768, "two counts of a row share one word");

    struct Shared {
        Histogram<BINS> histogram;
        ThresholdSearch<THREADS> threshold;
        u32 reserved;  // two counts: winners in the upper half, candidates in the lower
        Extremes<Wide> extremes;  // of the candidates' keys
        Few candidates;
        typename Sink::Winners winners;
    };

    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        // Clear the histogram while the preceding grid ends (PDL).
        prepare(shared);
        wait_for_preceding_grid();
        // Find the row. One with no more than k scores is written whole.
        const Row<Config> row = find_row<Config>(args, index());
        const u32 k = find_k<Config>(args, index());
        if (row.length <= k) {
            take_all<Config>(sink_of(args, shared, k, false), row, k, team_of(shared));
            return;
        }
        select_from(args, shared, row, k);
    }

    // Clears the histogram. `select_from` needs no barrier after it.
    static __device__ __forceinline__ void prepare(Shared& shared) {
        shared.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.reserved = 0;
        }
    }

    // Selects from a row of more than k scores.
    static __device__ __forceinline__ void select_from(const LaunchArgs& args, Shared& shared,
                                                       const Row<Config>& row, u32 k) {
        // Load the row, and count the upper bits of the rounded scores.
        const ResidentRow<Config> resident(row, 0);
        const Places& places = resident.places;
        launch_dependents();
        __syncthreads();
        resident.for_each_code([&](u32 code) { shared.histogram.add(code >> CODE_SHIFT); });
        __syncthreads();
        // Find the threshold bin. Scores above the bin win; scores in it are the candidates.
        const ThresholdBin threshold = shared.threshold.find(shared.histogram, k);
        Hits candidates;
        Hits winners;
        resident.split_at(threshold.bin << CODE_SHIFT, (threshold.bin + 1) << CODE_SHIFT, candidates, winners);
        const u32 wanted = k - threshold.above;
        if (threshold.inside == wanted) {
            winners.add(candidates);
            candidates = {};
        }

        // Reserve places for both, and collect the candidates if they fit.
        const bool few = threshold.inside <= Few::CAPACITY;
        Slots slots = reserve_slots(shared.reserved, winners.count(), candidates.count());
        if (few) {
            resident.for_each_hit(candidates, [&](Key key, u32 column) {
                shared.candidates.all.entries[slots.candidate++] = Ordinal::entry(key, column);
            });
        }
        // Write the winners. Many winners are staged in shared memory, and so written in order and in few
        // transactions: 1024 x 8192 bf16, k = 2048, 15 us, and 28 us without (H200). Few winners are not
        // worth it.
        const bool staged = STAGED_FROM <= k && k <= STAGED;
        const Sink sink = sink_of(args, shared, k, staged);
        sink.put_all([&](auto put) {
            places.for_each_column(winners, [&](u32 column) {
                put(slots.winner++, column, [&places, column] { return places.key_at(column); });
            });
        });
        // Select the rest of the k winners from the candidates.
        if (threshold.inside != wanted) {
            if (few) {
                __syncthreads();
                const u32 above = threshold.above;
                shared.candidates.select(shared.histogram, shared.threshold, threshold.inside, wanted,
                                         [&args, &shared, above, staged](u32 slot, u32 column, Wide key) {
                                             sink_of(args, shared, u32(args.k), staged)
                                                 .put(above + slot, column, [key] { return Key(key); });
                                         });
            } else {
                HitSplit<Config>::select(shared, places, candidates, slots.candidate, threshold.above, wanted,
                                         [&args, &shared, staged](u32 slot, u32 column, auto key) {
                                             sink_of(args, shared, u32(args.k), staged).put(slot, column, key);
                                         });
            }
        }
        // Write the staged winners in order.
        sink.finish(team_of(shared));
    }

    static __device__ __forceinline__ Team team_of(Shared& shared) { return Team::of(shared); }

    static __device__ __forceinline__ u32 index() { return blockIdx.x / CTAS; }

    static __device__ __forceinline__ Sink sink_of(const LaunchArgs& args, Shared& shared, u32 k, bool staged) {
        const DirectOfStaged<Config> direct = {args, index()};
        return {direct, shared.winners, k, staged};
    }
};

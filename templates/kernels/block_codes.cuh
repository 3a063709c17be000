// block_codes: one CTA selects the top k of one row of bf16 or 8-bit scores that it keeps in registers.
//
// The row is loaded once and rounded to fp16, which makes a code of each score and keeps their order. The
// codes of bf16 scores have 13 bits, and those of 8-bit scores fewer. One histogram with a bin for each code
// finds the code of the last winner: scores with a greater code win, and scores with that code are ties. So no
// candidates are collected and ranked. Beyond the range of fp16 unequal scores share a code: then radix passes
// over the keys split the ties. Where keys use the column, few ties are ranked, and radix passes split many.
//
// Source: RadixSelect (Alabi, Blanchard, Gordon, Steinbach, ACM JEA 17, 2012), with one digit that holds the
// whole rounded score.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; k >= 1; columns <= THREADS * ITEMS <= 32768; row
// addresses aligned to their element.
#pragma once
#include "../core/bisection.cuh"
#include "../core/histogram.cuh"
#include "../core/ranking.cuh"
#include "../core/slots.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/resident/row.cuh"
#include "../row/row.cuh"
#include "../select/split.cuh"
#include "../sink/short_row.cuh"
#include "../sink/staged.cuh"

// Places for ties that are ranked, where keys use the column.
template <class Config, bool USES_COLUMN>
struct RankedTies {
    static constexpr u32 CAPACITY = 256;
    Ranking<Config, CAPACITY> ties;
};
template <class Config>
struct RankedTies<Config, false> {};

template <class Config>
struct BlockCodes {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Wide = typename Ordinal::Wide;
    using Codes = ScoreCodes<typename Config::Source::Score>;
    using Places = ResidentPlaces<Config>;
    using Hits = typename Places::Hits;
    static constexpr u32 THREADS = Config::THREADS;
    using Team = BlockTeam<THREADS>;
    static constexpr u32 CODE_SHIFT = 3;  // the lowest bits of a code are zero in most exponents
    static constexpr u32 CODES = 1u << (16 - CODE_SHIFT);
    // Whether equal codes are equal scores, in most exponents.
    static constexpr bool ARE_EXACT = Codes::UNUSED_BITS >= CODE_SHIFT;
    // The k for which winners are staged on chip before they are written.
    static constexpr u32 STAGED_FROM = 513;
    static constexpr u32 STAGED = DirectOfStaged<Config>::NEEDS_KEY && sizeof(Key) > 2 ? 1024 : 2048;
    using Sink = StagedSink<Config, STAGED>;

    static_assert(THREADS * Config::ITEMS <= 32768, "two counts of a row share one word");

    struct Shared : RankedTies<Config, Ordinal::USES_COLUMN> {
        union {
            Histogram<CODES> codes;
            Histogram<Config::BINS> histogram;  // of the radix passes
        };
        BisectionSearch<THREADS> threshold;
        u32 reserved;  // two counts: winners in the upper half, ties in the lower
        Extremes<Wide> extremes;  // of the keys of ties
        typename Sink::Winners winners;
    };

    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        // While the preceding grid ends (PDL), clear the histogram, and find the row if that reads nothing.
        shared.codes.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.reserved = 0;
        }
        constexpr bool EARLY = KnowsRow<typename Config::Source>::VALUE;
        Places places;
        if constexpr (EARLY) {
            places = Places(find_row<Config>(args, blockIdx.x), 0);
        }
        __syncthreads();
        wait_for_preceding_grid();
        if constexpr (!EARLY) {
            places = Places(find_row<Config>(args, blockIdx.x), 0);
        }
        // A row with no more than k scores is written whole.
        const u32 k = find_k<Config>(args, blockIdx.x);
        if (places.length <= k) {
            take_all<Config>(sink_of(args, shared, k, false), places, k, team_of(shared));
            return;
        }
        // Load the row, and count its codes.
        const ResidentRow<Config> resident(places);
        launch_dependents();
        resident.for_each_code([&](u32 code) { shared.codes.add(code >> CODE_SHIFT); });
        __syncthreads();
        // Find the code of the last winner. Scores of a greater code win; scores of that code are ties.
        const ThresholdBin threshold = shared.threshold.find(shared.codes, k);
        const u32 code = threshold.bin << CODE_SHIFT;
        const u32 above = threshold.above;
        const u32 wanted = k - above;
        Hits winners;
        Hits ties;
        resident.split_at(code, code + (1u << CODE_SHIFT), ties, winners);
        Slots slots = reserve_slots(shared.reserved, winners.count(), ties.count());
        // Write the winners. Many winners are staged in shared memory without a loop: 32 x 8192, k = 2048,
        // 3.43 us with a loop and 3.13 without (H200).
        const bool staged = STAGED_FROM <= k && k <= STAGED;
        const Sink sink = sink_of(args, shared, k, staged);
        const auto key_of = [&places](u32 column) { return [&places, column] { return places.key_at(column); }; };
        if (staged) {
            places.for_each_of_many(winners, [&](u32 column) { sink.stage(slots.winner++, column, key_of(column)); });
        } else {
            places.for_each_column(winners, [&](u32 column) {
                sink.direct.put(slots.winner++, column, key_of(column));
            });
        }
        // Write as many ties as are wanted: the best, or any where they are equal.
        const bool equal = ARE_EXACT && Codes::tells_all(code);
        if constexpr (Ordinal::USES_COLUMN) {
            if (threshold.inside != wanted && threshold.inside <= Shared::CAPACITY) {
                places.for_each_column(ties, [&](u32 column) {
                    const Wide key = equal ? Ordinal::at(0, column) : Wide(places.key_at(column));
                    shared.ties.entries[slots.candidate++] = Ordinal::entry(key, column);
                });
                __syncthreads();
                shared.ties.rank(threshold.inside, 0, threshold.inside, wanted, above,
                                 [&](u32 slot, u32 column, Wide) { sink.put(slot, column, key_of(column)); });
                sink.finish(team_of(shared));
                return;
            }
        }
        if ((equal && !Ordinal::USES_COLUMN) || threshold.inside == wanted) {
            places.for_each_column(ties, [&](u32 column) {
                if (slots.candidate < wanted) {
                    sink.put(above + slots.candidate, column, key_of(column));
                }
                ++slots.candidate;
            });
        } else {
            HitSplit<Config>::select(shared, places, ties, slots.candidate, above, wanted,
                                     [&args, &shared, staged](u32 slot, u32 column, auto key) {
                                         sink_of(args, shared, u32(args.k), staged).put(slot, column, key);
                                     });
        }
        // Write the staged winners in order.
        sink.finish(team_of(shared));
    }

    static __device__ __forceinline__ Team team_of(Shared& shared) { return Team::of(shared); }

    static __device__ __forceinline__ Sink sink_of(const LaunchArgs& args, Shared& shared, u32 k, bool staged) {
        const DirectOfStaged<Config> direct = {args, blockIdx.x};
        return {direct, shared.winners, k, staged};
    }
};

// block_digits: one CTA selects the top k of one row of 16-bit scores that it keeps in registers.
//
// The row is loaded once and rounded to fp16, which makes a code of 16 bits of each score and keeps their
// order. Two histograms of 256 bins, first of the upper byte of all codes and then of the lower byte of the
// codes in the threshold bin, find the code of the last winner. Each warp searches them by itself, so a
// histogram takes one barrier. Scores with a greater code win. Scores with that code are equal, except beyond
// the range of fp16 and where the keys use the column: there, radix passes over their keys split them. No
// step takes longer with more candidates, so all distributions take about the same time.
//
// Source: RadixSelect (Alabi, Blanchard, Gordon, Steinbach, ACM JEA 17, 2012), with the digits of the rounded
// scores in registers.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; k >= 1; columns <= THREADS * ITEMS <= 32768; row
// addresses aligned to their element.
#pragma once
#include "../core/histogram.cuh"
#include "../core/slots.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../core/warp_search.cuh"
#include "../ptx/count.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../row/resident/row.cuh"
#include "../row/row.cuh"
#include "../select/split.cuh"
#include "../sink/short_row.cuh"
#include "../sink/staged.cuh"

template <class Config>
struct BlockDigits {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Codes = ScoreCodes<typename Config::Source::Score>;
    using Places = ResidentPlaces<Config>;
    using Hits = typename Places::Hits;
    using Split = HitSplit<Config>;
    static constexpr u32 HOW = 0;
    static constexpr u32 PUT = 0;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 UPPER_SHIFT = 8;
    static constexpr u32 UPPER_BINS = 256;
    // The lowest bits of the codes of bf16 scores are zero.
    static constexpr u32 LOWER_SHIFT = Codes::UNUSED_BITS;
    static constexpr u32 LOWER_BINS = UPPER_BINS >> LOWER_SHIFT;
    // The k for which winners are staged on chip before they are written.
    static constexpr u32 STAGED_FROM = 513;
    static constexpr u32 STAGED = DirectSink<Config>::NEEDS_KEY && sizeof(Key) > 4 ? 1024 : 2048;
    using Sink = StagedSink<Config, STAGED>;

    static_assert(THREADS * Config::ITEMS <= 32768, "two counts of a row share one word");

    struct Shared {
        Histogram<UPPER_BINS> upper;
        Histogram<LOWER_BINS> lower;
        u32 others;
        u32 reserved;  // two counts: winners in the upper half, ties in the lower
        Split split;
        typename Sink::Winners winners;
    };

    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        // Clear the histograms while the preceding grid ends (PDL).
        shared.upper.template clear<THREADS>();
        shared.lower.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.reserved = 0;
        }
        __syncthreads();
        wait_for_preceding_grid();
        // Find the row. One with no more than k scores is written whole.
        const Row<Config> row = find_row<Config>(args, blockIdx.x);
        const u32 k = u32(args.k);
        if (row.length <= k) {
            take_all<Config>(sink_of(args, shared, k, false), row, k);
            return;
        }
        // Load the row, and count the upper digit of all codes.
        const ResidentRow<Config> resident(row, 0);
        const Places& places = resident.places;
        launch_dependents();
        resident.for_each_codes(
            [&](u32 codes) {
                shared.upper.add(codes >> 8 & 0xFFu);
                shared.upper.add(codes >> 24);
            },
            [&](u32 code) { shared.upper.add(code >> 8); });
        __syncthreads();
        // Find the threshold bin, and count the lower digit of its codes.
        const ThresholdBin upper = WarpSearch<UPPER_BINS>::find(shared.upper, k);
        if constexpr (HOW == 0) {
            const u32 bin = upper.bin * 0x01000100u;
            resident.for_each_codes(
                [&](u32 codes) {
                    const u32 within = lesser_halves(codes ^ bin, 0x01000100u);
                    count(shared, within >> LOWER_SHIFT & (2 * LOWER_BINS - 1));
                    count(shared, within >> (16 + LOWER_SHIFT));
                },
                [&](u32 code) {
                    count(shared, min((code ^ bin) & 0xFFFFu, 256u) >> LOWER_SHIFT);
                });
        } else {
            Hits candidates;
            Hits beyond;
            resident.split_at(upper.bin << UPPER_SHIFT, (upper.bin + 1) << UPPER_SHIFT, candidates, beyond);
            resident.for_each_code_of_few(candidates, [&](u32 code) {
                shared.lower.add(code % UPPER_BINS >> LOWER_SHIFT);
            });
        }
        __syncthreads();
        // Find the code of the last winner. Scores of a greater code win; scores of that code are ties.
        const ThresholdBin lower = WarpSearch<LOWER_BINS>::find(shared.lower, k - upper.above);
        const u32 code = upper.bin << UPPER_SHIFT | lower.bin << LOWER_SHIFT;
        Hits winners;
        Hits ties;
        resident.split_at(code, code + (1u << LOWER_SHIFT), ties, winners);
        const u32 above = upper.above + lower.above;
        const u32 wanted = k - above;
        const u32 counts = winners.count() << 16 | ties.count();
        u32 first = 0;
        const u32 total = warp_sum(counts);
        if (threadIdx.x % WARP_SIZE == 0) {
            first = count_from(shared.reserved, total);
        }
        const u32 through = warp_prefix(counts);
        first = __shfl_sync(FULL_MASK, first, 0) + through - counts;
        Slots slots = {first >> 16, first & 0xFFFFu};
        // Write the winners. Many winners are staged in shared memory, and so written in order and in few
        // transactions.
        if constexpr (PUT == 1) {
            const bool equal = !Ordinal::USES_COLUMN && Codes::ARE_EXACT && Codes::tells_all(code);
            if ((equal || lower.inside == wanted) && k <= STAGED) {
                places.for_each_item(winners, [&](u32 column) { shared.winners.columns[slots.winner++] = column; });
                places.for_each_column(ties, [&](u32 column) {
                    if (slots.candidate < wanted) {
                        shared.winners.columns[above + slots.candidate] = column;
                    }
                    ++slots.candidate;
                });
                sink_of(args, shared, k, true).finish();
                return;
            }
        }
        const bool staged = STAGED_FROM <= k && k <= STAGED;
        const Sink sink = sink_of(args, shared, k, staged);
        const bool equal = !Ordinal::USES_COLUMN && Codes::ARE_EXACT && Codes::tells_all(code);
        if (equal || lower.inside == wanted) {
            sink.put_all([&](auto put) {
                places.for_each_column(winners, [&](u32 column) {
                    put(slots.winner++, column, [&places, column] { return places.key_at(column); });
                });
                places.for_each_column(ties, [&](u32 column) {
                    if (slots.candidate < wanted) {
                        put(above + slots.candidate, column, [&places, column] { return places.key_at(column); });
                    }
                    ++slots.candidate;
                });
            });
        } else {
            sink.put_all([&](auto put) {
                places.for_each_column(winners, [&](u32 column) {
                    put(slots.winner++, column, [&places, column] { return places.key_at(column); });
                });
            });
            Split::select(shared.split, places, ties, slots.candidate, above, wanted,
                          [&args, &shared, staged](u32 slot, u32 column, auto key) {
                              sink_of(args, shared, u32(args.k), staged).put(slot, column, key);
                          });
        }
        // Write the staged winners in order.
        sink.finish();
    }

    static __device__ __forceinline__ void count(Shared& shared, u32 bin) { atomicAdd(&shared.lower.counts[bin], 1u); }

    static __device__ __forceinline__ Sink sink_of(const LaunchArgs& args, Shared& shared, u32 k, bool staged) {
        const DirectSink<Config> direct = {args, blockIdx.x};
        return {direct, shared.winners, k, staged};
    }
};

// block_resident: one CTA selects the top k of one row that it holds in registers.
//
// The row is loaded once and held rounded to fp16, which keeps the order of the scores. One
// histogram over the rounded scores finds the threshold bin; what is above it wins. Its few
// members are ranked by their keys, each against each; many are split by radix over their keys,
// from the least to the greatest of them. Nothing is counted twice and nothing is dropped, so the
// answer is exact however the scores lie, and the row is never searched again: a later pass
// visits only the members that are left.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Preconditions: blockDim.x == Config::THREADS; k >= 1; columns <= THREADS * ITEMS <= 32768; row
// addresses aligned to their element.
#pragma once
#include "../device/active_range.cuh"
#include "../device/dependent_launch.cuh"
#include "../device/histogram.cuh"
#include "../device/resident_row.cuh"
#include "../device/row.cuh"
#include "../device/short_row.cuh"
#include "../device/threshold.cuh"
#include "../device/types.cuh"
#include "../device/warp.cuh"

template <class Config>
struct BlockResident {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Places = ResidentPlaces<Config>;
    using Hits = typename Places::Hits;
    using Active = ActiveRange<Config::DIGIT_BITS>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 BINS = Config::BINS;
    static constexpr u32 DIGIT_BITS = Config::DIGIT_BITS;
    static constexpr u32 CODE_SHIFT = 16 - DIGIT_BITS;  // a bin is the upper bits of a code
    // Members that are ranked each against each; with more, radix passes cost less.
    static constexpr u32 RANKED = 256;
    // The k for which winners are staged on chip before they are written.
    static constexpr u32 STAGED_FROM = 513;
    static constexpr u32 STAGED = 2048;

    static_assert(BINS == 1u << DIGIT_BITS, "a histogram has one bin for each value of a digit");
    static_assert(THREADS * Config::ITEMS <= 32768, "two counts of a row share one word");

    struct Shared {
        Histogram<BINS> histogram;
        ThresholdSearch<THREADS> threshold;
        u32 reserved;  // two counts: winners in the upper half, members in the lower
        u32 least;     // of the members' keys, and the greatest
        u32 greatest;
        Key keys[RANKED];
        u32 columns[RANKED];
        u32 staged[STAGED];
    };

    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    // Where the winners and the members of this thread go, among those of the CTA.
    struct Slots {
        u32 winner;
        u32 member;
    };

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        shared.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.reserved = 0;
        }
        wait_for_grid_ahead();
        const Row<Bits> row = find_row<Config>(args, blockIdx.x);
        const u32 k = u32(args.k);
        if (row.length <= k) {
            take_all<Config>(args, blockIdx.x, row.length);
            return;
        }
        const ResidentRow<Config> held(row);
        const Places& places = held.places;
        let_grid_behind_start();
        __syncthreads();
        held.for_each_code([&](u32 code) { shared.histogram.add(code >> CODE_SHIFT); });
        __syncthreads();
        const ThresholdBin threshold = shared.threshold.find(shared.histogram, k);

        // The bounds of the threshold bin as halves, the lower in it, the upper above. A code
        // beyond an infinity is a NaN, which no score is at least.
        const u32 lower = max(threshold.bin << CODE_SHIFT, HALF_CODE_NEGATIVE_INFINITY);
        const u32 upper = (threshold.bin + 1) << CODE_SHIFT;
        Hits members = held.at_least(half_of_code(lower));
        Hits winners = held.at_least(upper <= HALF_CODE_INFINITY ? half_of_code(upper) : HALF_NAN);
        const u32 wanted = k - threshold.above;
        if (threshold.inside == wanted) {
            winners = members;
        }
        members.remove(winners);

        const bool ranked = threshold.inside <= RANKED;
        Slots slots = reserve(shared, winners.count(), members.count());
        if (ranked) {
            held.for_each_hit(members, [&](Key key, u32 column) {
                shared.keys[slots.member] = key;
                shared.columns[slots.member++] = column;
            });
        }
        // Through shared memory, many winners are written in order and so in few transactions:
        // 1024 x 8192 bf16, k = 2048, 15 us for 28 (H200). Few winners are not worth it.
        const bool staged = STAGED_FROM <= k && k <= STAGED;
        if (staged) {
            places.for_each_column(
                winners, [&](u32 column) { shared.staged[slots.winner++] = column; });
        } else {
            places.for_each_column(winners, [&](u32 column) {
                Config::emit(args, blockIdx.x, slots.winner++, column);
            });
        }
        if (threshold.inside != wanted) {
            if (ranked) {
                __syncthreads();
                rank(args, shared, threshold, wanted, staged);
            } else {
                split(args, shared, places, members, slots.member, threshold.above, wanted, staged);
            }
        }
        if (staged) {
            __syncthreads();
            for (u32 slot = threadIdx.x; slot < k; slot += THREADS) {
                Config::emit(args, blockIdx.x, slot, shared.staged[slot]);
            }
        }
    }

    // Places for this thread's hits. Both counts travel in one word.
    static __device__ __forceinline__ Slots reserve(Shared& shared, u32 winners, u32 members) {
        const u32 counts = winners << 16 | members;
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 through = warp_sum_through(counts, lane);
        u32 first = 0;
        if (lane == WARP_SIZE - 1) {
            first = atomicAdd(&shared.reserved, through);
        }
        first = __shfl_sync(FULL_MASK, first, WARP_SIZE - 1) + through - counts;
        return {first >> 16, first & 0xFFFFu};
    }

    static __device__ __forceinline__ void write(const LaunchArgs& args, Shared& shared, u32 slot,
                                                 u32 column, bool staged) {
        if (staged) {
            shared.staged[slot] = column;
        } else {
            Config::emit(args, blockIdx.x, slot, column);
        }
    }

    // Writes the best `wanted` of the gathered members, each at its own rank: a warp counts those
    // that are better than one member, 32 at a time.
    static __device__ __forceinline__ void rank(const LaunchArgs& args, Shared& shared,
                                                const ThresholdBin& threshold, u32 wanted,
                                                bool staged) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 members = threshold.inside;
        for (u32 mine = threadIdx.x / WARP_SIZE; mine < members; mine += THREADS / WARP_SIZE) {
            const Key key = shared.keys[mine];
            u32 better = 0;
            for (u32 first = 0; first < members; first += WARP_SIZE) {
                const u32 other = first + lane;
                const Key their = other < members ? shared.keys[other] : Key(0);
                const bool is_better = their > key || (their == key && other < mine);
                better += __popc(__ballot_sync(FULL_MASK, is_better && other < members));
            }
            if (lane == 0 && better < wanted) {
                write(args, shared, threshold.above + better, shared.columns[mine], staged);
            }
        }
    }

    // Writes the best `wanted` of many members from `place` on: by radix over their keys, from the
    // least to the greatest of them, until all that are left win or are equal. `slot` is this
    // thread's first among the members. Not inlined: beside it, the common path would run with
    // other registers and 0.25 us longer (1 x 8192, H200).
    static __device__ __noinline__ void split(const LaunchArgs& args, Shared& shared, Places places,
                                              Hits members, u32 slot, u32 place, u32 wanted,
                                              bool staged) {
        find_extremes(shared, places, members);
        Active active = Active::between(shared.least, shared.greatest);
        bool settled = active.least == active.greatest;
        while (!settled) {
            shared.histogram.template clear<THREADS>();
            if (threadIdx.x == 0) {
                shared.reserved = 0;
            }
            __syncthreads();
            places.for_each_key(
                members, [&](Key key, u32, u32) { shared.histogram.add(active.digit(key)); });
            __syncthreads();
            const ThresholdBin threshold = shared.threshold.find(shared.histogram, wanted);
            const Active inside = active.narrowed_to(threshold.bin);
            Hits winners = {};
            Hits left = {};
            places.for_each_key(members, [&](Key key, u32 word, u32 bit) {
                if (key > inside.greatest) {
                    winners.add(word, bit);
                } else if (key >= inside.least) {
                    left.add(word, bit);
                }
            });
            members = left;

            Slots slots = reserve(shared, winners.count(), members.count());
            places.for_each_column(winners, [&](u32 column) {
                write(args, shared, place + slots.winner++, column, staged);
            });
            slot = slots.member;
            place += threshold.above;
            wanted -= threshold.above;
            settled = threshold.inside == wanted || active.shift == 0;
            active = inside;
            __syncthreads();
        }
        places.for_each_column(members, [&](u32 column) {
            if (slot < wanted) {
                write(args, shared, place + slot, column, staged);
            }
            ++slot;
        });
    }

    // The least and the greatest key of the members, for all threads.
    static __device__ __forceinline__ void find_extremes(Shared& shared,
                                                         const Places& places, Hits members) {
        if (threadIdx.x == 0) {
            shared.least = ~0u;
            shared.greatest = 0;
        }
        __syncthreads();
        u32 least = ~0u;
        u32 greatest = 0;
        places.for_each_key(members, [&](Key key, u32, u32) {
            least = min(least, u32(key));
            greatest = max(greatest, u32(key));
        });
        least = warp_least(least);
        greatest = ~warp_least(~greatest);
        if (threadIdx.x % WARP_SIZE == 0) {
            atomicMin(&shared.least, least);
            atomicMax(&shared.greatest, greatest);
        }
        __syncthreads();
    }
};

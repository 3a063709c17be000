// Finds the threshold bin of a row. Each CTA of a cluster has counted its part of the row in a histogram
// of its own. Also counts the keys above the bin and in it that the CTAs of lower rank hold.
//
// Scope: cluster; every thread must call, and all CTAs find the same bin. Shared memory: the counts that
// all CTAs send, for two passes, the result, and exchanges apart from these. Barriers: two of the block, the last after the result is
// written; the histogram may be changed then.
// Preconditions: the search was prepared, with a barrier of the cluster after it; the histogram is
// complete (a barrier) before the call; 1 <= wanted <= the sum of all counts; passes are counted
// from 0.
//
// The search has two steps, so that the CTAs send few bytes. First each CTA sends the sums of its groups of
// bins to all others. Then it sends the bins of the group that holds the last winner. Passes alternate
// between two rounds of buffers: a CTA begins a pass only after all CTAs have ended the pass before the
// last.
#pragma once
#include "../ptx/exchange.cuh"
#include "histogram.cuh"
#include "threshold.cuh"
#include "types.cuh"
#include "warp.cuh"

struct ClusterThresholdBin {
    ThresholdBin bin;   // over all CTAs
    u32 before_above;   // keys above the bin in the CTAs of lower rank
    u32 before_inside;  // keys in the bin in the CTAs of lower rank
};

// LONG: a row may have 2^20 scores and more. Without it one word has a place and the keys above it.
template <u32 THREADS, u32 BINS, u32 CLUSTER, bool LONG = false>
struct ClusterThresholdSearch {
    static constexpr u32 WARPS = THREADS / WARP_SIZE;
    static constexpr u32 GROUPS = 2 * WARP_SIZE;   // a lane has two
    static constexpr u32 GROUP = BINS / GROUPS;    // bins
    static constexpr u32 OWNED = BINS / THREADS;   // bins that a thread adds
    static constexpr u32 SHARING = GROUP / OWNED;  // threads of a group
    static_assert(GROUP <= GROUPS && GROUP >= 2, "a lane has two bins of a group");
    static_assert(OWNED >= 1 && SHARING >= 1 && SHARING <= WARP_SIZE, "a warp adds whole groups");

    // The exchanges, which tell when counts have arrived.
    struct Exchanges {
        Exchange sums[2];
        Exchange bins[2];
        Exchange few;

        // One thread.
        __device__ __forceinline__ void prepare() {
            for (u32 turn = 0; turn < 2; ++turn) {
                sums[turn].prepare();
                bins[turn].prepare();
            }
            few.prepare();
        }
    };

    // The counts that the CTAs send, by rank. A word has two counts, of the lower bin in the lower half.
    struct Round {
        u64 sums[CLUSTER][GROUPS / 2];
        u64 bins[CLUSTER][GROUP / 2];
    };

    static constexpr u32 MOST_FEW = GROUPS;

    Round rounds[2];
    u64 few[LONG ? 1 : CLUSTER][MOST_FEW / 2];  // of `find_of_few`, which long rows do not call
    u32 own[GROUPS];
    ClusterThresholdBin found;

    __device__ __forceinline__ ClusterThresholdBin find(Exchanges& exchanges, const Histogram<BINS>& histogram,
                                                        u32 wanted, u32 rank, u32 pass) {
        const u32 turn = pass % 2;
        Round& mine = rounds[turn];
        add_groups(histogram);
        __syncthreads();
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u64 two = u64(own[2 * lane + 1]) << 32 | own[2 * lane];
        for (u32 cta = warp; cta < CLUSTER; cta += WARPS) {
            exchanges.sums[turn].send(&mine.sums[rank][lane], two, cta);
        }
        if (warp == 0) {
            search(exchanges, mine, turn, histogram, wanted, rank, pass / 2);
        }
        __syncthreads();
        return found;
    }

    // Searches only the first FEW bins, in one step. A kernel calls it once at the most.
    template <u32 FEW>
    __device__ __forceinline__ ClusterThresholdBin find_of_few(Exchange& exchange,
                                                               const Histogram<BINS>& histogram,
                                                               u32 wanted, u32 rank) {
        static_assert(!LONG, "long rows have no room for the counts of few bins");
        static_assert(FEW <= MOST_FEW && FEW >= 2, "a lane has two bins");
        using Counts = u64[CLUSTER][FEW / 2];
        Counts& counts = reinterpret_cast<Counts&>(few);
        const u32 lane = threadIdx.x;
        if (lane < WARP_SIZE) {
            if (lane == 0) {
                exchange.announce(u32(sizeof(counts)));
            }
            if (2 * lane < FEW) {
                u32 two[2];
                histogram.template read<2>(2 * lane, two);
                for (u32 cta = 0; cta < CLUSTER; ++cta) {
                    exchange.send(&counts[rank][lane], u64(two[1]) << 32 | two[0], cta);
                }
            }
            exchange.wait(0);
            const Step bin = locate<FEW>(wanted, rank, counts);
            const u32 before_above = warp_sum(bin.before_above);
            if (bin.here) {
                found.bin = {bin.place, bin.above, bin.inside};
                found.before_above = before_above;
                found.before_inside = bin.before_inside;
            }
        }
        __syncthreads();
        return found;
    }

   private:
    struct Step {
        u32 place;          // in every lane; counted from the bottom
        u32 above;          // in every lane
        bool here;          // in one lane, and there the next two
        u32 inside;
        u32 before_inside;
        u32 before_above;   // of this lane's counts
    };

    __device__ __forceinline__ void add_groups(const Histogram<BINS>& histogram) {
        u32 sum = histogram.template sum<OWNED>(threadIdx.x * OWNED);
#pragma unroll
        for (u32 distance = 1; distance < SHARING; distance *= 2) {
            sum += __shfl_xor_sync(FULL_MASK, sum, distance);
        }
        if (threadIdx.x % SHARING == 0) {
            own[threadIdx.x / SHARING] = sum;
        }
    }

    // One warp. All others wait for it, so each of its instructions counts: sums that do not tell which
    // bins to send are computed while the bins are sent.
    __device__ __forceinline__ void search(Exchanges& exchanges, Round& mine, u32 turn,
                                           const Histogram<BINS>& histogram, u32 wanted, u32 rank, u32 phase) {
        const u32 lane = threadIdx.x;
        if (lane == 0) {
            exchanges.sums[turn].announce(u32(sizeof(mine.sums)));
        }
        exchanges.sums[turn].wait(phase);
        const Step group = locate<GROUPS>(wanted, rank, mine.sums);
        if (lane == 0) {
            exchanges.bins[turn].announce(u32(sizeof(mine.bins)));
        }
        if (2 * lane < GROUP) {
            u32 counts[2];
            histogram.template read<2>(group.place * GROUP + 2 * lane, counts);
            for (u32 cta = 0; cta < CLUSTER; ++cta) {
                exchanges.bins[turn].send(&mine.bins[rank][lane], u64(counts[1]) << 32 | counts[0], cta);
            }
        }
        const u32 groups_above = warp_sum(group.before_above);
        exchanges.bins[turn].wait(phase);
        const Step bin = locate<GROUP>(wanted - group.above, rank, mine.bins);
        const u32 place = group.place * GROUP + bin.place;
        const u32 before_above = groups_above + warp_sum(bin.before_above);
        if (bin.here) {
            found.bin = {place, group.above + bin.above, bin.inside};
            found.before_above = before_above;
            found.before_inside = bin.before_inside;
        }
    }

    // One warp: finds the place, of N, that holds the last wanted key, counted from the top.
    template <u32 N>
    static __device__ __forceinline__ Step locate(u32 wanted, u32 rank,
                                                  const u64 (&counts)[CLUSTER][N / 2]) {
        const u32 lane = threadIdx.x;
        const bool owner = 2 * lane < N;
        const u32 pair = owner ? N / 2 - 1 - lane : 0;  // lane 0 has the uppermost two
        u32 lower = 0;
        u32 upper = 0;
        u32 lower_before = 0;
        u32 upper_before = 0;
#pragma unroll
        for (u32 cta = 0; cta < CLUSTER; ++cta) {
            const u64 two = counts[cta][pair];
            lower += u32(two);
            upper += u32(two >> 32);
            lower_before += cta < rank ? u32(two) : 0;
            upper_before += cta < rank ? u32(two >> 32) : 0;
        }
        const u32 both = owner ? lower + upper : 0;
        const u32 above = warp_sum_through(both, lane) - both;
        const bool is_upper = wanted <= above + upper;
        Step step;
        step.here = above < wanted && wanted <= above + both;
        step.above = is_upper ? above : above + upper;
        step.inside = is_upper ? upper : lower;
        step.before_inside = is_upper ? upper_before : lower_before;
        const u32 place = 2 * pair + is_upper;
        if constexpr (LONG) {
            step.place = warp_greatest(step.here ? place : 0);
            step.above = warp_greatest(step.here ? step.above : 0);
        } else {
            // One reduction tells every lane: a row has fewer than 2^20 scores.
            const u32 greatest = warp_greatest(step.here ? (step.above + 1) * GROUPS + place : 0);
            step.place = greatest % GROUPS;
            step.above = greatest / GROUPS - 1;
        }
        step.before_above = 0;
        if (owner) {
            step.before_above += 2 * pair > step.place ? lower_before : 0;
            step.before_above += 2 * pair + 1 > step.place ? upper_before : 0;
        }
        return step;
    }
};

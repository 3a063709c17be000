// Finds the key of the last winner among many, whatever they are.
//
// Scope: block; every thread must call. Shared memory: a histogram, the search's words and RANKED
// keys. Barriers: the first before anything is written, the last after the result is.
// Precondition: 1 <= wanted <= the keys visited, which are the same at every visit.
#pragma once
#include "active_range.cuh"
#include "histogram.cuh"
#include "threshold.cuh"
#include "types.cuh"
#include "warp.cuh"

// Keys above `greatest` win, and `ties` of those from `least` to `greatest`, whichever.
struct Cut {
    u32 least;
    u32 greatest;
    u32 ties;
};

// The keys that a bin of a range holds. The first bin takes what is below the range too, and the
// last what is above.
template <u32 BINS, u32 DIGIT_BITS>
struct BinnedRange {
    ActiveRange<DIGIT_BITS> active;
    u32 below;   // the least key that is counted
    u32 beyond;  // the greatest

    // Keys from `least` on, most of them up to `greatest`.
    static __device__ __forceinline__ BinnedRange from(u32 least, u32 greatest) {
        return {ActiveRange<DIGIT_BITS>::between(least, max(least, greatest)), least, ~0u};
    }
    static __device__ __forceinline__ BinnedRange of(u32 least, u32 greatest) {
        return {ActiveRange<DIGIT_BITS>::between(least, greatest), least, greatest};
    }

    __device__ __forceinline__ u32 bin(u32 key) const {
        return min((max(key, active.least) - active.least) >> active.shift, BINS - 1);
    }
    __device__ __forceinline__ u32 first(u32 bin) const {
        return bin == 0 ? below : active.least + (bin << active.shift);
    }
    __device__ __forceinline__ u32 last(u32 bin) const {
        const u32 least = active.least + (bin << active.shift);
        const u32 greatest = least + ((1u << active.shift) - 1);
        return bin == BINS - 1 || greatest < least || greatest > beyond ? beyond : greatest;
    }
};

template <u32 THREADS, u32 BINS, u32 DIGIT_BITS>
struct CutSearch {
    using Range = BinnedRange<BINS, DIGIT_BITS>;
    // Members of a bin that are ranked each against each; with more, passes cost less.
    static constexpr u32 RANKED = 256;

    Histogram<BINS> histogram;
    ThresholdSearch<THREADS, false> threshold;
    u32 members;
    u32 ranked_key;
    u32 ranked_ties;
    u32 keys[RANKED];

    // for_each(visit) calls visit(key) for the keys of this thread, all of them in `range`. Equal
    // winners are told from a range of them where they need to be: on return all of
    // [least, greatest] is on one side of `edge`.
    template <class ForEach>
    __device__ __forceinline__ Cut find(u32 wanted, Range range, u32 edge, ForEach for_each) {
        while (true) {
            histogram.template clear<THREADS>();
            if (threadIdx.x == 0) {
                members = 0;
                ranked_key = 0;
                ranked_ties = 0;
            }
            __syncthreads();
            for_each([&](u32 key) {
                if (range.below <= key && key <= range.beyond) {
                    histogram.add(range.bin(key));
                }
            });
            __syncthreads();
            const ThresholdBin bin = threshold.find(histogram, wanted);
            const u32 first = range.first(bin.bin);
            const u32 last = range.last(bin.bin);
            wanted -= bin.above;
            if (first == last || (bin.inside == wanted && first >= edge)) {
                return {first, last, wanted};
            }
            if (bin.inside <= RANKED) {
                return rank(wanted, bin.inside, first, last, for_each);
            }
            range = Range::of(first, last);
            __syncthreads();
        }
    }

   private:
    template <class ForEach>
    __device__ __forceinline__ Cut rank(u32 wanted, u32 inside, u32 first, u32 last,
                                        ForEach for_each) {
        for_each([&](u32 key) {
            if (first <= key && key <= last) {
                keys[atomicAdd(&members, 1u)] = key;
            }
        });
        __syncthreads();
        const u32 lane = threadIdx.x % WARP_SIZE;
        for (u32 mine = threadIdx.x / WARP_SIZE; mine < inside; mine += THREADS / WARP_SIZE) {
            const u32 key = keys[mine];
            u32 above = 0;
            u32 equal = 0;
            for (u32 from = 0; from < inside; from += WARP_SIZE) {
                const u32 other = from + lane;
                const bool there = other < inside;
                const u32 their = there ? keys[other] : 0;
                above += __popc(__ballot_sync(FULL_MASK, there && their > key));
                equal += __popc(__ballot_sync(FULL_MASK, there && their == key));
            }
            // All members that are equal to the last winner find the same.
            if (lane == 0 && above < wanted && wanted <= above + equal) {
                atomicMax(&ranked_key, key);
                atomicExch(&ranked_ties, wanted - above);
            }
        }
        __syncthreads();
        return {ranked_key, ranked_key, ranked_ties};
    }
};

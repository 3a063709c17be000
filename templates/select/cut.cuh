// Finds the key of the last winner among any number of candidates.
//
// Scope: block; every thread must call. Shared memory: a histogram, the search's words and the
// result. Barriers: the first before anything is counted, the last after the result is written.
// Preconditions: 1 <= wanted <= the keys from `least` to `greatest`.
#pragma once
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"

// Keys above `greatest` win, and any `ties` of the keys from `least` to `greatest`.
template <class Wide>
struct Cut {
    Wide least;
    Wide greatest;
    u32 ties;
};

// A range of keys in bins. The first bin also holds the keys below the range, and the last bin the keys
// above it.
template <class Wide, u32 BINS, u32 DIGIT_BITS>
struct BinnedRange {
    using Active = ActiveRange<Wide, DIGIT_BITS>;

    Active active;
    Wide below;   // the least key that is counted
    Wide beyond;  // the greatest

    // Keys from `least` on, most of them up to `greatest`.
    static __device__ __forceinline__ BinnedRange from(Wide least, Wide greatest) {
        return {Active::between(least, max(least, greatest)), least, ~Wide(0)};
    }
    static __device__ __forceinline__ BinnedRange of(Wide least, Wide greatest) {
        return {Active::between(least, greatest), least, greatest};
    }

    __device__ __forceinline__ bool counts(Wide key) const { return below <= key && key <= beyond; }
    __device__ __forceinline__ u32 bin(Wide key) const {
        return u32(min((max(key, active.least) - active.least) >> active.shift, Wide(BINS - 1)));
    }
    __device__ __forceinline__ Wide first(u32 bin) const {
        return bin == 0 ? below : active.least + (Wide(bin) << active.shift);
    }
    __device__ __forceinline__ Wide last(u32 bin) const {
        const Wide least = active.least + (Wide(bin) << active.shift);
        const Wide greatest = least + ((Wide(1) << active.shift) - 1);
        return bin == BINS - 1 || greatest < least || greatest > beyond ? beyond : greatest;
    }
};

// The cut of a row, and where keys use the column the row's columns.
template <class Wide, bool USES_COLUMN>
struct RowCut : Cut<Wide> {
    u32 columns;
};
template <class Wide>
struct RowCut<Wide, false> : Cut<Wide> {};

template <class Ordinal, u32 THREADS, u32 BINS, u32 DIGIT_BITS>
struct CutSearch {
    using Wide = typename Ordinal::Wide;
    using Range = BinnedRange<Wide, BINS, DIGIT_BITS>;

    Histogram<BINS> histogram;
    ThresholdSearch<THREADS, false> threshold;
    RowCut<Wide, Ordinal::USES_COLUMN> cut;

    // Searches the keys of a set, which it makes by Set::of of these operands; the set's
    // for_each_key(visit) calls visit(key) for each key of this thread. `columns` are there where keys use
    // them. Leaves the result in `cut`. The keys of [least, greatest] of the result are all on one side of
    // `boundary`. Not inlined: it is rare, and long to compile.
    template <class Set, class... Columns>
    static __device__ __noinline__ void find(CutSearch& search, const typename Set::Stored* keys,
                                             const u32* sizes, u32 share, u32 segments, u32 wanted,
                                             Wide least, Wide greatest, Wide boundary,
                                             Columns... columns) {
        const Set set = Set::of(keys, columns..., sizes, share, segments);
        while (true) {
            search.histogram.template clear<THREADS>();
            __syncthreads();
            if constexpr (Ordinal::USES_COLUMN) {
                least = Ordinal::first_from(least, search.cut.columns);
                greatest = Ordinal::last_to(greatest, search.cut.columns);
            }
            const Range range = Range::of(least, greatest);
            set.for_each_key([&](Wide key) {
                if (range.counts(key)) {
                    search.histogram.add(range.bin(key));
                }
            });
            __syncthreads();
            const ThresholdBin bin = search.threshold.find(search.histogram, wanted);
            least = range.first(bin.bin);
            greatest = range.last(bin.bin);
            wanted -= bin.above;
            if (least == greatest || (bin.inside == wanted && least >= boundary)) {
                break;
            }
        }
        if (threadIdx.x == 0) {
            static_cast<Cut<Wide>&>(search.cut) = {least, greatest, wanted};
        }
        __syncthreads();
    }
};

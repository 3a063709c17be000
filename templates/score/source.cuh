// The source: which columns a row has, the score of each of its elements, and which elements it drops.
//
// A source is made for one row, and is the base of `Row`. `score` and `keep` are pure: a kernel may ask
// again for the same element. Elements that the source drops stay in the row as its worst, below every
// score; no output has them.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none; starts and lengths may hold
// anything.
#pragma once
#include "../core/types.cuh"
#include "dtypes.cuh"

// The columns of a row: from `start` on, `length` of them. A span is within [0, columns), whatever it is
// made from.
class RowSpan {
   public:
    i32 start;
    i32 length;

    static __device__ __forceinline__ RowSpan whole(i32 columns) { return {0, columns}; }

    static __device__ __forceinline__ RowSpan of(const LaunchArgs& args, i32 start, i32 length) {
        const i32 first = min(max(start, 0), args.columns);
        return {first, min(max(length, 0), args.columns - first)};
    }

    // As the launch's starts and lengths say; without starts from 0, and without lengths up to the last.
    static __device__ __forceinline__ RowSpan given(const LaunchArgs& args, u32 row) {
        i32 start = 0;
        if (args.row_starts != nullptr) {
            start = min(max(args.row_starts[row], 0), args.columns);
        }
        const i32 available = args.columns - start;
        i32 length = available;
        if (args.row_lengths != nullptr) {
            length = min(max(args.row_lengths[row], 0), available);
        }
        return {start, length};
    }

   private:
    __device__ __forceinline__ RowSpan(i32 start, i32 length) : start(start), length(length) {}
};

// The elements themselves are the scores.
template <class Dtype, bool RAGGED>
struct PlainSource {
    using Element = typename Dtype::Bits;   // as stored
    using Score = Dtype;                    // the type whose bits `score` gives
    static constexpr bool IDENTITY = true;  // `score` gives the element
    static constexpr bool DROPS = false;    // `keep` can be false

    PlainSource() = default;
    __device__ __forceinline__ PlainSource(const LaunchArgs&, u32) {}

    static __device__ __forceinline__ RowSpan row(const LaunchArgs& args, u32 row) {
        if constexpr (RAGGED) {
            return RowSpan::given(args, row);
        } else {
            return RowSpan::whole(args.columns);
        }
    }

    __device__ __forceinline__ Element score(Element element, u32) const { return element; }
    __device__ __forceinline__ bool keep(u32) const { return true; }
};

// Whether the elements of a row are in several pieces.
template <class Source>
struct IsSharded {
    static constexpr bool VALUE = false;
};

// Whether the columns of a row are known without a read from memory.
template <class Source>
struct KnowsRow {
    static constexpr bool VALUE = false;
};
template <class Dtype>
struct KnowsRow<PlainSource<Dtype, false>> {
    static constexpr bool VALUE = true;
};

// A source with a mask: scores that are not marked cannot win.
//
// The mask lies beside the scores: it has a bit or a byte for each column of the matrix, whatever the row's start is.
// Bits are in words of 32, the first column in the lowest bit. With a stride of 0 all rows share one mask.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: the mask's rows are as wide as the matrix.
#pragma once
#include "../core/types.cuh"
#include "source.cuh"

// `Base` gives the scores. `Mark` is a word of bits, u32, or a byte, u8.
template <class Base, class Args, class Mark>
struct MaskedSource : Base {
    static constexpr bool DROPS = true;

    const Mark* marks;  // of the row
    u32 start;

    MaskedSource() = default;
    __device__ __forceinline__ MaskedSource(const LaunchArgs& args, u32 row)
        : Base(args, row), start(u32(Base::row(args, row).start)) {
        const Args& all = reinterpret_cast<const Args&>(args);
        marks = static_cast<const Mark*>(all.key_mask) + i64(row) * all.key_mask_stride;
    }

    __device__ __forceinline__ bool keep(u32 column) const {
        const u32 at = start + column;
        if constexpr (sizeof(Mark) == sizeof(u32)) {
            return __ldg(marks + at / 32) >> at % 32 & 1;
        } else {
            return __ldg(marks + at) != 0;
        }
    }
};

// The part of the input that one row owns.
//
// Scope: thread (every thread of a CTA computes the same). Shared memory: none. Barriers: none.
// Precondition: row < rows of the launch. Whatever the device-side starts and lengths say, the
// row stays within [0, columns): a start or a length out of range is clamped to it.
#pragma once
#include "../core/types.cuh"

template <class Bits>
struct Row {
    const Bits* scores;
    u32 length;
};

template <class Config>
__device__ __forceinline__ Row<typename Config::Bits> find_row(const LaunchArgs& args, u32 row) {
    using Bits = typename Config::Bits;
    const Bits* scores = static_cast<const Bits*>(args.scores) + i64(row) * args.row_stride;
    i32 start = 0;
    i32 length = args.columns;
    if constexpr (Config::RAGGED) {
        if (args.row_starts != nullptr) {
            start = min(max(args.row_starts[row], 0), args.columns);
        }
        const i32 available = args.columns - start;
        length = available;
        if (args.row_lengths != nullptr) {
            length = min(max(args.row_lengths[row], 0), available);
        }
    }
    return {scores + start, u32(length)};
}

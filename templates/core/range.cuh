// The keys that a radix selection has not yet decided, and the digit that splits them next.
//
// Scope: thread (every thread of a CTA computes the same). Shared memory: none. Barriers: none.
// Precondition: least <= greatest, and (greatest - least) >> shift is less than the bins.
#pragma once
#include "types.cuh"

template <u32 DIGIT_BITS>
struct ActiveRange {
    u32 least;
    u32 greatest;  // inclusive: the uppermost range ends at the greatest key
    u32 shift;     // the digit of a key is (key - least) >> shift

    // The range from `least` to `greatest`, split by its uppermost bits.
    static __device__ __forceinline__ ActiveRange between(u32 least, u32 greatest) {
        const u32 bits = 32 - __clz(greatest - least);
        return {least, greatest, bits > DIGIT_BITS ? bits - DIGIT_BITS : 0};
    }

    __device__ __forceinline__ u32 digit(u32 key) const { return (key - least) >> shift; }

    // The candidates of one bin, to be split by the digit below.
    __device__ __forceinline__ ActiveRange narrowed_to(u32 bin) const {
        const u32 bin_least = least + (bin << shift);
        const u32 bin_last = (1u << shift) - 1;
        const u32 left = greatest - bin_least;
        return {bin_least, bin_least + min(bin_last, left), shift > DIGIT_BITS ? shift - DIGIT_BITS : 0};
    }
};

// The keys that a radix selection has not yet decided, and the digit that splits them next.
//
// Scope: thread (every thread of a CTA computes the same). Shared memory: none. Barriers: none.
// Precondition: least <= greatest, and (greatest - least) >> shift is less than the bins.
#pragma once
#include "types.cuh"

// The bits of a number without its leading zeros.
__device__ __forceinline__ u32 bit_width(u32 value) { return 32 - __clz(value); }
__device__ __forceinline__ u32 bit_width(u64 value) { return 64 - __clzll(value); }

template <class Wide, u32 DIGIT_BITS>
struct ActiveRange {
    Wide least;
    Wide greatest;  // inclusive: the uppermost range ends at the greatest key
    u32 shift;      // the digit of a key is (key - least) >> shift

    // The range from `least` to `greatest`, split by its uppermost bits.
    static __device__ __forceinline__ ActiveRange between(Wide least, Wide greatest) {
        const u32 bits = bit_width(greatest - least);
        return {least, greatest, bits > DIGIT_BITS ? bits - DIGIT_BITS : 0};
    }

    __device__ __forceinline__ u32 digit(Wide key) const { return u32((key - least) >> shift); }

    // The candidates of one bin, to be split by the digit below.
    __device__ __forceinline__ ActiveRange narrowed_to(u32 bin) const {
        const Wide bin_least = least + (Wide(bin) << shift);
        const Wide bin_last = (Wide(1) << shift) - 1;
        const Wide left = greatest - bin_least;
        return {bin_least, bin_least + min(bin_last, left), shift > DIGIT_BITS ? shift - DIGIT_BITS : 0};
    }
};

// The keys of a range that a row of so many columns can have. Most keys that use the column stand for no
// column, and passes over them would split nothing. Precondition: the row has a key in the range.
template <class Ordinal, class Active>
__device__ __forceinline__ Active within_row(const Active& active, u32 columns) {
    if constexpr (Ordinal::USES_COLUMN) {
        return Active::between(Ordinal::first_from(active.least, columns),
                               Ordinal::last_to(active.greatest, columns));
    } else {
        return active;
    }
}

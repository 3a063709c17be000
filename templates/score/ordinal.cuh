// Ordered keys: unsigned integers that compare as the scores do.
//
// Scope: thread. Shared memory: none. Barriers: none.
// A dtype is one traits block here and one row in the generator's dtype table.
#pragma once
#include "../core/types.cuh"

struct F32 {
    using Bits = u32;
    static constexpr Bits SIGN = 0x80000000u;
    static constexpr Bits INFINITE = 0x7F800000u;  // magnitudes above it are NaN
};

struct Bf16 {
    using Bits = u16;
    static constexpr Bits SIGN = 0x8000u;
    static constexpr Bits INFINITE = 0x7F80u;
};

struct F16 {
    using Bits = u16;
    static constexpr Bits SIGN = 0x8000u;
    static constexpr Bits INFINITE = 0x7C00u;
};

// The key of a score: greater scores have greater keys, -0 and +0 share one, and every NaN of
// either sign has the greatest key or the least. No finite or infinite score has those two keys.
template <class Dtype, bool NAN_HIGHEST>
__device__ __forceinline__ typename Dtype::Bits ordered_key(typename Dtype::Bits bits) {
    using Bits = typename Dtype::Bits;
    const Bits magnitude = bits & static_cast<Bits>(~Dtype::SIGN);
    if (magnitude > Dtype::INFINITE) {
        return NAN_HIGHEST ? static_cast<Bits>(~Bits(0)) : Bits(0);
    }
    if (magnitude == 0) {
        return Dtype::SIGN;
    }
    return (bits & Dtype::SIGN) ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | Dtype::SIGN);
}

// The score types: one traits block for each row of the generator's dtype table.
//
// Scope: none (types only). Shared memory: none. Barriers: none.
#pragma once
#include "../core/types.cuh"

struct F32 {
    using Bits = u32;
    static constexpr Bits SIGN = 0x80000000u;
    static constexpr Bits INFINITE = 0x7F800000u;  // magnitudes above it are NaN
    static constexpr u32 MANTISSA_BITS = 23;       // stored
};

struct Bf16 {
    using Bits = u16;
    static constexpr Bits SIGN = 0x8000u;
    static constexpr Bits INFINITE = 0x7F80u;
    static constexpr u32 MANTISSA_BITS = 7;
};

struct F16 {
    using Bits = u16;
    static constexpr Bits SIGN = 0x8000u;
    static constexpr Bits INFINITE = 0x7C00u;
    static constexpr u32 MANTISSA_BITS = 10;
};

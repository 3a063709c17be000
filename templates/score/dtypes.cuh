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
    static constexpr bool IS_INTEGER = false;
    static constexpr Bits LEAST = SIGN | INFINITE;  // that is no NaN
    static constexpr Bits GREATEST = INFINITE;
};

struct Bf16 {
    using Bits = u16;
    static constexpr Bits SIGN = 0x8000u;
    static constexpr Bits INFINITE = 0x7F80u;
    static constexpr u32 MANTISSA_BITS = 7;
    static constexpr bool IS_INTEGER = false;
    static constexpr Bits LEAST = SIGN | INFINITE;
    static constexpr Bits GREATEST = INFINITE;
};

struct F16 {
    using Bits = u16;
    static constexpr Bits SIGN = 0x8000u;
    static constexpr Bits INFINITE = 0x7C00u;
    static constexpr u32 MANTISSA_BITS = 10;
    static constexpr bool IS_INTEGER = false;
    static constexpr Bits LEAST = SIGN | INFINITE;
    static constexpr Bits GREATEST = INFINITE;
};

// Scores of 64 bits.
struct F64 {
    using Bits = u64;
    static constexpr Bits SIGN = 0x8000000000000000ull;
    static constexpr Bits INFINITE = 0x7FF0000000000000ull;
    static constexpr u32 MANTISSA_BITS = 52;
    static constexpr bool IS_INTEGER = false;
    static constexpr Bits LEAST = SIGN | INFINITE;
    static constexpr Bits GREATEST = INFINITE;
};

// Integers: every bit pattern is a number, without a second zero. With SIGN flipped they compare as unsigned.
struct I32 {
    using Bits = u32;
    static constexpr Bits SIGN = 0x80000000u;
    static constexpr Bits INFINITE = 0xFFFFFFFFu;  // none
    static constexpr u32 MANTISSA_BITS = 21;       // a sample looks at 2^24 numbers first
    static constexpr bool IS_INTEGER = true;
    static constexpr Bits LEAST = SIGN;
    static constexpr Bits GREATEST = ~SIGN;
};

struct U32 {
    using Bits = u32;
    static constexpr Bits SIGN = 0;
    static constexpr Bits INFINITE = 0xFFFFFFFFu;
    static constexpr u32 MANTISSA_BITS = 21;
    static constexpr bool IS_INTEGER = true;
    static constexpr Bits LEAST = 0;
    static constexpr Bits GREATEST = 0xFFFFFFFFu;
};

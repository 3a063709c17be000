// Codes of scores: 16 bits, two to a register, that compare as the scores rounded to fp16 do.
//
// Scope: thread. Shared memory: none. Barriers: none.
// Rounding never reverses an order, but it may make unequal scores equal. So a score that wins among
// rounded scores wins, and scores whose codes are equal are compared by their keys. NaN becomes the
// infinity at the end where NaN ranks. Preconditions: no NaN and no -0 where a function says so.
#pragma once
#include "../core/types.cuh"
#include "../ptx/half.cuh"
#include "dtypes.cuh"

// Codes: unsigned integers, two to a register, that compare as the halves do. No NaN, no -0.
__device__ __forceinline__ u32 half_codes(u32 pair) {
    const u32 negative = pair >> 15 & 0x00010001u;
    return pair ^ (negative * 0x7FFFu | HALF_SIGNS);
}

__device__ __forceinline__ u32 half_of_code(u32 code) {
    return code & 0x8000u ? code & 0x7FFFu : ~code & 0xFFFFu;
}

constexpr u32 HALF_CODE_INFINITY = 0xFC00u;
constexpr u32 HALF_CODE_NEGATIVE_INFINITY = 0x03FFu;

// Two scores, by their bits, rounded to halves.
__device__ __forceinline__ u32 rounded_scores(F32, u32 first, u32 second) {
    return half_pair(first, second);
}
__device__ __forceinline__ u32 rounded_scores(Bf16, u32 first, u32 second) {
    return half_pair(first << 16, second << 16);
}
__device__ __forceinline__ u32 rounded_scores(F16, u32 first, u32 second) {
    return first | second << 16;
}

// Of integers the finest halves are for the least magnitudes. Those of the greatest become infinite, and an
// unsigned 0 the negative infinity: so a missing score, which is the worst, has the code of the worst infinity.
__device__ __forceinline__ u32 rounded_scores(I32, u32 first, u32 second) {
    constexpr float UNIT = 1.0f / 32768.0f;
    return half_pair(__float_as_uint(float(i32(first)) * UNIT), __float_as_uint(float(i32(second)) * UNIT));
}
__device__ __forceinline__ u32 rounded_scores(U32, u32 first, u32 second) {
    constexpr float UNIT = 1.0f / 65536.0f;
    constexpr u32 NEGATIVE_INFINITY = F32::LEAST;
    return half_pair(first == 0 ? NEGATIVE_INFINITY : __float_as_uint(float(first) * UNIT),
                     second == 0 ? NEGATIVE_INFINITY : __float_as_uint(float(second) * UNIT));
}

// What the codes tell of the scores of a type.
template <class Dtype>
struct ScoreCodes {
    using Bits = typename Dtype::Bits;
    static constexpr bool IS_F16 = Dtype::INFINITE == HALF_INFINITY;

    // Whether a code stands for the best infinity and for scores beyond the halves.
    static __device__ __forceinline__ bool is_beyond_halves(u32 code) {
        return !IS_F16 && code == HALF_CODE_INFINITY;
    }

    // The keys of that code are from BEYOND_HALVES to BEST_NAN. BEYOND_HALVES is the key of 2^15 or -2^15,
    // so that a digit begins at an infinity.
    static constexpr u32 BEYOND_HALVES = 0xC700u << (8 * sizeof(Bits) - 16);
    static constexpr u32 BEST_INFINITY = u32(Dtype::SIGN) | u32(Dtype::INFINITE);
    static constexpr u32 BEST_NAN = u32(Bits(~Bits(0)));

    // The lowest bits of a code that are zero in most exponents.
    static constexpr u32 UNUSED_BITS = Dtype::MANTISSA_BITS < 10 ? 10 - Dtype::MANTISSA_BITS : 0;
    // Whether halves of most exponents hold scores without rounding.
    static constexpr bool ARE_EXACT = Dtype::MANTISSA_BITS <= 10;
    // Whether scores of this code's exponent are equal if their codes are equal. Precondition: ARE_EXACT.
    static __device__ __forceinline__ bool tells_all(u32 code) {
        const u32 exponent = half_of_code(code) >> 10 & 31;
        return exponent < 31 && (IS_F16 || exponent > 0);
    }
};

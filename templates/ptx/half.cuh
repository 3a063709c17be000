// fp16 numbers, two to a register.
//
// Scope: thread. Shared memory: none. Barriers: none.
// Each function has its instruction beside a body in plain C++, for GPUs before sm_80 and for the
// interpreter. Preconditions: no NaN where a function says so.
#pragma once
#include "integers.cuh"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define TOPKIT_PACKED_HALF_PTX 1
#else
#define TOPKIT_PACKED_HALF_PTX 0
#endif

constexpr u32 HALF_INFINITY = 0x7C00u;
constexpr u32 HALF_NEGATIVE_INFINITY = 0xFC00u;
constexpr u32 HALF_NAN = 0x7FFFu;
constexpr u32 HALF_SIGNS = 0x80008000u;

// The same half in both places.
__device__ __forceinline__ u32 half_twice(u32 half) { return half * 0x00010001u; }

__device__ __forceinline__ bool half_is_nan(u32 half) { return (half & 0x7FFFu) > HALF_INFINITY; }

// Applies a function of two halves to the low halves and to the high ones.
template <class F>
__device__ __forceinline__ u32 on_halves(u32 a, u32 b, F f) {
    return f(a & 0xFFFFu, b & 0xFFFFu) | f(a >> 16, b >> 16) << 16;
}

// A float as the nearest half, in plain C++: ties to even, out of range to an infinity.
__device__ __forceinline__ u32 half_of_bits(u32 bits) {
    const u32 sign = bits >> 16 & 0x8000u;
    const u32 magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) {
        return HALF_NAN;
    }
    if (magnitude >= 0x477FF000u) {  // 65520 and above
        return sign | HALF_INFINITY;
    }
    const i32 exponent = i32(magnitude >> 23) - 127;
    // Bits that the half does not keep; below 2^-14 it keeps fewer and fewer.
    const u32 dropped = exponent >= -14 ? 13 : u32(-exponent - 1);
    if (dropped > 24) {
        return sign;
    }
    const u32 significand = (magnitude & 0x007FFFFFu) | 0x00800000u;
    const u32 kept = significand >> dropped;
    const u32 rest = significand & ((1u << dropped) - 1);
    const u32 middle = 1u << (dropped - 1);
    const u32 rounded = kept + (rest > middle || (rest == middle && (kept & 1)));
    const u32 scaled = exponent >= -14 ? rounded + (u32(exponent + 14) << 10) : rounded;
    return sign | scaled;
}

// Two floats, by their bits, as halves; the first in the low place.
__device__ __forceinline__ u32 half_pair(u32 first, u32 second) {
#if TOPKIT_PACKED_HALF_PTX
    u32 pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;"
        : "=r"(pair)
        : "f"(__uint_as_float(second)), "f"(__uint_as_float(first)));
    return pair;
#else
    return half_of_bits(first) | half_of_bits(second) << 16;
#endif
}

// Both halves with -0 made +0. Precondition: no NaN.
__device__ __forceinline__ u32 half_unsigned_zeros(u32 pair) {
#if TOPKIT_PACKED_HALF_PTX
    u32 sum;
    asm("add.rn.f16x2 %0, %1, %2;" : "=r"(sum) : "r"(pair), "r"(0u));
    return sum;
#else
    return on_halves(pair, 0, [](u32 half, u32) { return half == 0x8000u ? 0u : half; });
#endif
}

// Sets all bits of each half of the result where the half of `a` is at least the half of `b`, and neither
// is NaN.
__device__ __forceinline__ u32 half_at_least(u32 a, u32 b) {
#if TOPKIT_PACKED_HALF_PTX
    u32 mask;
    asm("set.ge.u32.f16x2 %0, %1, %2;" : "=r"(mask) : "r"(a), "r"(b));
    return mask;
#else
    return on_halves(a, b, [](u32 x, u32 y) {
        const auto rank = [](u32 half) {
            return half & 0x8000u ? -i32(half & 0x7FFFu) : i32(half & 0x7FFFu);
        };
        return half_is_nan(x) || half_is_nan(y) || rank(x) < rank(y) ? 0u : 0xFFFFu;
    });
#endif
}

// Both halves, with +inf for a NaN that wins and -inf for a NaN that loses.
template <bool NAN_WINS>
__device__ __forceinline__ u32 half_without_nan(u32 pair) {
    constexpr u32 INSTEAD = NAN_WINS ? HALF_INFINITY : HALF_NEGATIVE_INFINITY;
#if TOPKIT_PACKED_HALF_PTX
    u32 number;
    if constexpr (NAN_WINS) {
        asm("min.f16x2 %0, %1, %2;" : "=r"(number) : "r"(pair), "r"(half_twice(INSTEAD)));
    } else {
        asm("max.f16x2 %0, %1, %2;" : "=r"(number) : "r"(pair), "r"(half_twice(INSTEAD)));
    }
    return number;
#else
    return on_halves(pair, 0, [](u32 half, u32) { return half_is_nan(half) ? INSTEAD : half; });
#endif
}

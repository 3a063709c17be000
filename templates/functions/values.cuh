// Values of a selector's own functions: casts of floats, floats of 16 bits, and the elements of slices.
//
// A cast of a float to an integer rounds towards zero and ends at the integer's ends; NaN becomes 0.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none; an element out of range is 0, and no memory
// is read for it.
#pragma once
#include "../ptx/checked.cuh"
#include "arithmetic.cuh"

namespace rust {

// A power of two above the greatest integer of a type, and the least integer: both are floats.
template <class T> struct Ends;
template <> struct Ends<i32> {
    static constexpr float ABOVE = 2147483648.0f;
    static constexpr float LEAST = -2147483648.0f;
};
template <> struct Ends<u32> {
    static constexpr float ABOVE = 4294967296.0f;
    static constexpr float LEAST = 0.0f;
};
template <> struct Ends<i64> {
    static constexpr float ABOVE = 9223372036854775808.0f;
    static constexpr float LEAST = -9223372036854775808.0f;
};

template <class T>
__device__ __forceinline__ T saturate(float a) {
    if (!(a > Ends<T>::LEAST)) {
        return a != a ? T(0) : least<T>();
    }
    return a < Ends<T>::ABOVE ? T(a) : greatest<T>();
}

__device__ __forceinline__ u32 to_bits(float a) { return __float_as_uint(a); }
__device__ __forceinline__ float from_bits(u32 a) { return __uint_as_float(a); }
__device__ __forceinline__ bool is_nan(float a) { return a != a; }
__device__ __forceinline__ bool is_infinite(float a) { return to_bits(abs(a)) == 0x7F800000u; }
__device__ __forceinline__ bool is_finite(float a) { return to_bits(abs(a)) < 0x7F800000u; }

struct bf16 {
    u16 bits;
};
struct f16 {
    u16 bits;
};

__device__ __forceinline__ float to_f32(bf16 a) { return from_bits(u32(a.bits) << 16); }

// A subnormal half is so many times 2^-24.
__device__ __forceinline__ float to_f32(f16 a) {
    const u32 magnitude = a.bits & 0x7FFFu;
    const u32 sign = u32(a.bits & 0x8000u) << 16;
    u32 bits = (magnitude << 13) + 0x38000000u;
    if (magnitude > 0x7C00u) {
        bits = magnitude << 13 | 0x7FC00000u;
    } else if (magnitude == 0x7C00u) {
        bits = 0x7F800000u;
    } else if (magnitude < 0x400u) {
        bits = to_bits(__fmul_rn(float(magnitude), from_bits(0x33800000u)));
    }
    return from_bits(bits | sign);
}

// To the nearest, ties to even.
__device__ __forceinline__ bf16 bf16_of(float a) {
    const u32 bits = to_bits(a);
    if (is_nan(a)) {
        return {u16(bits >> 16 | 0x40u)};
    }
    return {u16((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16)};
}
__device__ __forceinline__ f16 f16_of(float a) {
    const u32 sign = to_bits(a) >> 16 & 0x8000u;
    const u32 magnitude = to_bits(a) & 0x7FFFFFFFu;
    u32 half = 0x7C00u;
    if (magnitude > 0x7F800000u) {
        half = 0x7E00u | (magnitude >> 13 & 0x3FFu);
    } else if (magnitude < 0x38800000u) {
        // Halves of this size have a step of 2^-24, and so have floats from 0.5 on.
        half = to_bits(__fadd_rn(from_bits(magnitude), 0.5f)) - 0x3F000000u;
    } else if (magnitude < 0x477FF000u) {
        half = (magnitude - 0x38000000u + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
    }
    return {u16(sign | half)};
}

__device__ __forceinline__ bool is_nan(bf16 a) { return is_nan(to_f32(a)); }
__device__ __forceinline__ bool is_nan(f16 a) { return is_nan(to_f32(a)); }
__device__ __forceinline__ bool is_infinite(bf16 a) { return is_infinite(to_f32(a)); }
__device__ __forceinline__ bool is_infinite(f16 a) { return is_infinite(to_f32(a)); }
__device__ __forceinline__ bool is_finite(bf16 a) { return is_finite(to_f32(a)); }
__device__ __forceinline__ bool is_finite(f16 a) { return is_finite(to_f32(a)); }

template <class T, class Index>
__device__ __forceinline__ T read(const T* slice, i64 length, Index index) {
    const i64 at = i64(index);
    check_index(at, length);
    return u64(at) < u64(length) ? __ldg(slice + at) : T(0);
}

}  // namespace rust

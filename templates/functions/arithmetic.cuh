// Operators of integers and of floats, with Rust's meaning, for a selector's own functions.
//
// Integers wrap: nothing here is undefined. The amount of a shift is taken modulo the width, `x / 0` is 0 and `x % 0`
// is `x`. The interpreter is told of each operation for which Rust panics. Floats are rounded after each operation: no product and sum are fused.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none.
#pragma once
#include "../ptx/checked.cuh"
#include "../ptx/integers.cuh"

namespace rust {

// The unsigned integer of the same width, in which sums are made, and whether there is a sign.
template <class T> struct Bits;
template <> struct Bits<i32> {
    using Type = u32;
    static constexpr bool SIGNED = true;
};
template <> struct Bits<u32> {
    using Type = u32;
    static constexpr bool SIGNED = false;
};
template <> struct Bits<i64> {
    using Type = u64;
    static constexpr bool SIGNED = true;
};

template <class T>
__device__ __forceinline__ T wrapping_add(T a, T b) {
    using U = typename Bits<T>::Type;
    return T(U(a) + U(b));
}
template <class T>
__device__ __forceinline__ T wrapping_sub(T a, T b) {
    using U = typename Bits<T>::Type;
    return T(U(a) - U(b));
}
template <class T>
__device__ __forceinline__ T wrapping_mul(T a, T b) {
    using U = typename Bits<T>::Type;
    return T(U(a) * U(b));
}

template <class T>
__device__ __forceinline__ T add(T a, T b) {
    check_add(a, b);
    return wrapping_add(a, b);
}
template <class T>
__device__ __forceinline__ T sub(T a, T b) {
    check_sub(a, b);
    return wrapping_sub(a, b);
}
template <class T>
__device__ __forceinline__ T mul(T a, T b) {
    check_mul(a, b);
    return wrapping_mul(a, b);
}
template <class T>
__device__ __forceinline__ T neg(T a) {
    check_neg(a);
    return wrapping_sub(T(0), a);
}
template <class T>
__device__ __forceinline__ T abs(T a) {
    check_abs(a);
    return a < T(0) ? wrapping_sub(T(0), a) : a;
}

// The quotient of the least integer and -1 wraps.
template <class T>
__device__ __forceinline__ T div(T a, T b) {
    check_div(a, b);
    if (b == T(0)) {
        return T(0);
    }
    if constexpr (Bits<T>::SIGNED) {
        if (b == T(-1)) {
            return wrapping_sub(T(0), a);
        }
    }
    return a / b;
}
template <class T>
__device__ __forceinline__ T rem(T a, T b) {
    check_rem(a, b);
    if (b == T(0)) {
        return a;
    }
    if constexpr (Bits<T>::SIGNED) {
        if (b == T(-1)) {
            return T(0);
        }
    }
    return a % b;
}

template <class T, class Amount>
__device__ __forceinline__ T shl(T a, Amount amount) {
    using U = typename Bits<T>::Type;
    check_shl(a, amount);
    return T(U(a) << (u32(amount) & (8 * sizeof(T) - 1)));
}
template <class T, class Amount>
__device__ __forceinline__ T shr(T a, Amount amount) {
    check_shr(a, amount);
    return T(a >> (u32(amount) & (8 * sizeof(T) - 1)));
}

template <class T> __device__ __forceinline__ T min(T a, T b) { return b < a ? b : a; }
template <class T> __device__ __forceinline__ T max(T a, T b) { return a < b ? b : a; }
// Of floats too; a NaN stays one.
template <class T>
__device__ __forceinline__ T clamp(T a, T least, T greatest) {
    check_clamp(least, greatest);
    return a < least ? least : a > greatest ? greatest : a;
}

// The greatest and the least number of an integer's type.
template <class T>
__device__ __forceinline__ T greatest() {
    return T(~typename Bits<T>::Type(0) >> (Bits<T>::SIGNED ? 1 : 0));
}
template <class T>
__device__ __forceinline__ T least() {
    return Bits<T>::SIGNED ? T(~greatest<T>()) : T(0);
}

template <class T>
__device__ __forceinline__ T saturating_add(T a, T b) {
    const T sum = wrapping_add(a, b);
    if constexpr (Bits<T>::SIGNED) {
        const bool overflows = (a < T(0)) == (b < T(0)) && (sum < T(0)) != (a < T(0));
        return !overflows ? sum : a < T(0) ? least<T>() : greatest<T>();
    } else {
        return sum < a ? greatest<T>() : sum;
    }
}
template <class T>
__device__ __forceinline__ T saturating_sub(T a, T b) {
    const T difference = wrapping_sub(a, b);
    if constexpr (Bits<T>::SIGNED) {
        const bool overflows = (a < T(0)) != (b < T(0)) && (difference < T(0)) != (a < T(0));
        return !overflows ? difference : a < T(0) ? least<T>() : greatest<T>();
    } else {
        return a < b ? T(0) : difference;
    }
}

__device__ __forceinline__ u32 count_ones(i32 a) { return u32(__popc(u32(a))); }
__device__ __forceinline__ u32 count_ones(u32 a) { return u32(__popc(a)); }
__device__ __forceinline__ u32 count_ones(i64 a) { return u32(__popcll(u64(a))); }

__device__ __forceinline__ float add(float a, float b) { return __fadd_rn(a, b); }
__device__ __forceinline__ float sub(float a, float b) { return __fsub_rn(a, b); }
__device__ __forceinline__ float mul(float a, float b) { return __fmul_rn(a, b); }
__device__ __forceinline__ float div(float a, float b) { return __fdiv_rn(a, b); }
__device__ __forceinline__ float rem(float a, float b) { return fmodf(a, b); }
__device__ __forceinline__ float neg(float a) { return __uint_as_float(__float_as_uint(a) ^ 0x80000000u); }
__device__ __forceinline__ float abs(float a) { return __uint_as_float(__float_as_uint(a) & 0x7FFFFFFFu); }
// Of a number and a NaN, the number; -0 is less than +0.
__device__ __forceinline__ float min(float a, float b) { return fminf(a, b); }
__device__ __forceinline__ float max(float a, float b) { return fmaxf(a, b); }
__device__ __forceinline__ float mul_add(float a, float b, float c) { return __fmaf_rn(a, b, c); }
__device__ __forceinline__ float sqrt(float a) { return __fsqrt_rn(a); }
__device__ __forceinline__ float exp(float a) { return expf(a); }
__device__ __forceinline__ float ln(float a) { return logf(a); }
__device__ __forceinline__ float tanh(float a) { return tanhf(a); }
__device__ __forceinline__ float floor(float a) { return floorf(a); }
__device__ __forceinline__ float ceil(float a) { return ceilf(a); }
__device__ __forceinline__ float trunc(float a) { return truncf(a); }

}  // namespace rust

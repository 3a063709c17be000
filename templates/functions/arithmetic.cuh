// Operators of integers and of floats, with Rust's meaning, for a selector's own functions.
//
// Integers wrap: nothing here is undefined. The amount of a shift is taken modulo the width, `x / 0` is 0 and `x % 0`
// is `x`. Floats are rounded after each operation: no product and sum are fused.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none.
#pragma once
#include "../ptx/integers.cuh"

namespace rust {

template <class T> struct Bits { using Type = u32; };
template <> struct Bits<i64> { using Type = u64; };

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

template <class T> __device__ __forceinline__ T add(T a, T b) { return wrapping_add(a, b); }
template <class T> __device__ __forceinline__ T sub(T a, T b) { return wrapping_sub(a, b); }
template <class T> __device__ __forceinline__ T mul(T a, T b) { return wrapping_mul(a, b); }
template <class T> __device__ __forceinline__ T neg(T a) { return wrapping_sub(T(0), a); }
template <class T> __device__ __forceinline__ T abs(T a) { return a < T(0) ? neg(a) : a; }

// The quotient of the least integer and -1 wraps.
template <class T>
__device__ __forceinline__ T div(T a, T b) {
    if (b == T(0)) {
        return T(0);
    }
    return T(-1) < T(0) && b == T(-1) ? neg(a) : T(a / b);
}
template <class T>
__device__ __forceinline__ T rem(T a, T b) {
    if (b == T(0)) {
        return a;
    }
    return T(-1) < T(0) && b == T(-1) ? T(0) : T(a % b);
}

template <class T, class Amount>
__device__ __forceinline__ T shl(T a, Amount amount) {
    using U = typename Bits<T>::Type;
    return T(U(a) << (u32(amount) & (8 * sizeof(T) - 1)));
}
template <class T, class Amount>
__device__ __forceinline__ T shr(T a, Amount amount) {
    return T(a >> (u32(amount) & (8 * sizeof(T) - 1)));
}

template <class T> __device__ __forceinline__ T min(T a, T b) { return b < a ? b : a; }
template <class T> __device__ __forceinline__ T max(T a, T b) { return a < b ? b : a; }
// Of floats too; a NaN stays one.
template <class T>
__device__ __forceinline__ T clamp(T a, T least, T greatest) {
    return a < least ? least : a > greatest ? greatest : a;
}

// The greatest and the least number of an integer's type.
template <class T>
__device__ __forceinline__ T greatest() {
    return T(-1) < T(0) ? T(~typename Bits<T>::Type(0) >> 1) : T(-1);
}
template <class T>
__device__ __forceinline__ T least() {
    return T(-1) < T(0) ? T(~greatest<T>()) : T(0);
}

template <class T>
__device__ __forceinline__ T saturating_add(T a, T b) {
    const T sum = wrapping_add(a, b);
    if (T(-1) < T(0)) {
        return (a < T(0)) != (b < T(0)) || (sum < T(0)) == (a < T(0)) ? sum : a < T(0) ? least<T>() : greatest<T>();
    }
    return sum < a ? greatest<T>() : sum;
}
template <class T>
__device__ __forceinline__ T saturating_sub(T a, T b) {
    const T difference = wrapping_sub(a, b);
    if (T(-1) < T(0)) {
        return (a < T(0)) == (b < T(0)) || (difference < T(0)) == (a < T(0)) ? difference
               : a < T(0)                                                   ? least<T>()
                                                                            : greatest<T>();
    }
    return a < b ? T(0) : difference;
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

// Built-in functions of one thread: minimum, bits, and loads with a cache hint.
#pragma once
#include "language.h"

#define TOPKIT_MIN_MAX(A, B, R)                                                        \
    constexpr R min(A a, B b) { return static_cast<R>(a) < static_cast<R>(b) ? a : b; } \
    constexpr R max(A a, B b) { return static_cast<R>(a) < static_cast<R>(b) ? b : a; }
TOPKIT_MIN_MAX(int, int, int)
TOPKIT_MIN_MAX(unsigned, unsigned, unsigned)
TOPKIT_MIN_MAX(int, unsigned, unsigned)
TOPKIT_MIN_MAX(unsigned, int, unsigned)
TOPKIT_MIN_MAX(long, long, long)
TOPKIT_MIN_MAX(unsigned long, unsigned long, unsigned long)
TOPKIT_MIN_MAX(long long, long long, long long)
TOPKIT_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
TOPKIT_MIN_MAX(float, float, float)
#undef TOPKIT_MIN_MAX

inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __ffsll(long long bits) { return __builtin_ffsll(bits); }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
inline int __clzll(long long bits) {
    return bits == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(bits));
}
inline unsigned __brev(unsigned bits) {
    unsigned reversed = 0;
    for (int i = 0; i < 32; ++i) {
        reversed |= (bits >> i & 1u) << (31 - i);
    }
    return reversed;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>((static_cast<unsigned long long>(a) * b) >> 32);
}
inline unsigned __float_as_uint(float value) {
    unsigned bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}
inline float __uint_as_float(unsigned bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

inline float __fdividef(float a, float b) { return a / b; }

// Rounded once; no product and sum are fused, for which the compiler has an option too.
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline float __fsqrt_rn(float a) { return __builtin_sqrtf(a); }
inline float fmodf(float a, float b) { return __builtin_fmodf(a, b); }
inline float expf(float a) { return __builtin_expf(a); }
inline float logf(float a) { return __builtin_logf(a); }
inline float tanhf(float a) { return __builtin_tanhf(a); }
inline float floorf(float a) { return __builtin_floorf(a); }
inline float ceilf(float a) { return __builtin_ceilf(a); }
inline float truncf(float a) { return __builtin_truncf(a); }
// Of a number and a NaN, the number; -0 is less than +0.
inline float fminf(float a, float b) {
    return (a == b ? __builtin_signbit(a) != 0 : a < b) || b != b ? a : b;
}
inline float fmaxf(float a, float b) {
    return (a == b ? __builtin_signbit(a) == 0 : a > b) || b != b ? a : b;
}

// Newton's steps from a first guess by halving the exponent: to the last bits, and with no library.
inline float sqrtf(float x) {
    if (!(x > 0.0f)) {
        return x == 0.0f ? x : __uint_as_float(0x7FC00000u);
    }
    unsigned bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    float root = __uint_as_float((bits >> 1) + 0x1FC00000u);
    for (int i = 0; i < 4; ++i) {
        root = 0.5f * (root + x / root);
    }
    return root;
}

template <class T> __forceinline__ T __ldg(const T* from) { return *from; }
template <class T> __forceinline__ T __ldcg(const T* from) { return *from; }
template <class T> __forceinline__ T __ldca(const T* from) { return *from; }
template <class T> __forceinline__ T __ldcs(const T* from) { return *from; }
template <class T> __forceinline__ T __ldlu(const T* from) { return *from; }
template <class T> __forceinline__ void __stcg(T* to, T value) { *to = value; }
template <class T> __forceinline__ void __stcs(T* to, T value) { *to = value; }

TOPKIT_HOOK inline void __trap() { topkit::topkit_call(topkit::TRAP, TOPKIT_LINE, 0, 0, 0, 0, 0); }
TOPKIT_HOOK inline void __nanosleep(unsigned) {
    topkit::topkit_call(topkit::SLEEP, TOPKIT_LINE, 0, 0, 0, 0, 0);
}

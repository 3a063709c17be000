// Tells the interpreter of an operation of a selector's own functions that has no value in Rust: an overflow, a
// division by zero, a shift by more than the width, an index that no element has. A GPU has nothing to do for it.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none.
#pragma once
#include "integers.cuh"

#ifdef TOPKIT_INTERPRET
using topkit::check_add;
using topkit::check_sub;
using topkit::check_mul;
using topkit::check_neg;
using topkit::check_abs;
using topkit::check_div;
using topkit::check_rem;
using topkit::check_shl;
using topkit::check_shr;
using topkit::check_clamp;
using topkit::check_index;
#else
template <class T> __device__ __forceinline__ void check_add(T, T) {}
template <class T> __device__ __forceinline__ void check_sub(T, T) {}
template <class T> __device__ __forceinline__ void check_mul(T, T) {}
template <class T> __device__ __forceinline__ void check_neg(T) {}
template <class T> __device__ __forceinline__ void check_abs(T) {}
template <class T> __device__ __forceinline__ void check_div(T, T) {}
template <class T> __device__ __forceinline__ void check_rem(T, T) {}
template <class T, class Amount> __device__ __forceinline__ void check_shl(T, Amount) {}
template <class T, class Amount> __device__ __forceinline__ void check_shr(T, Amount) {}
template <class T> __device__ __forceinline__ void check_clamp(T, T) {}
__device__ __forceinline__ void check_index(i64, i64) {}
#endif

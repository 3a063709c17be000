// CUDA's words and built-in variables, for an ordinary C++ compiler.
#pragma once
#include "hooks.h"

// Says that the text is compiled for the interpreter: device intrinsics pick their host body by it.
#define TOPKIT_INTERPRET 1

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __cluster_dims__(...)
#define __grid_constant__
#define __restrict__ __restrict
#define __align__(bytes) alignas(bytes)
// Thread-local for the compiler; where it lies is decided in hooks.cpp, by CTA. `used` forbids the
// compiler to reason that a variable which nobody writes is zero.
#define __shared__ thread_local __attribute__((used))

struct dim3 {
    unsigned x, y, z;
};

struct uint3 { unsigned x, y, z; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(4) ushort2 { unsigned short x, y; };
struct alignas(8) ushort4 { unsigned short x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) ulonglong2 { unsigned long long x, y; };

inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// Constant for the thread that reads them; the interpreter sets them when it resumes a thread.
extern "C" const dim3 threadIdx;
extern "C" const dim3 blockIdx;
extern "C" const dim3 blockDim;
extern "C" const dim3 gridDim;
constexpr int warpSize = 32;

namespace topkit {

// The argument of the kernel, for all of its threads; see entry.h. No argument is larger.
alignas(16) inline unsigned char args_of_grid[8192];

template <class Args> inline const Args& of_grid(const Args&) {
    static_assert(sizeof(Args) <= sizeof(args_of_grid), "the argument of a kernel is small");
    return *reinterpret_cast<const Args*>(args_of_grid);
}

}  // namespace topkit

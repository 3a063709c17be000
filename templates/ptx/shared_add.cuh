// An addition to a counter in shared memory by one lane of a warp.
//
// Scope: thread. Shared memory: the counter of the caller. Barriers: none.
// Precondition: lane 0 calls, alone.
#pragma once
#include "integers.cuh"

// Returns what the counter was before. Of an atomicAdd at one address the assembler joins the lanes first, in
// some ten instructions; the number of the lane in the address prevents it.
__device__ __forceinline__ u32 add_from_lane_0(u32& counter, u32 value) {
#if defined(__CUDA_ARCH__)
    u32 before;
    asm volatile("{\n\t.reg .u32 at;\n\tmov.u32 at, %%laneid;\n\tmad.lo.u32 at, at, 4, %1;\n\t"
                 "atom.shared.add.u32 %0, [at], %2;\n\t}"
                 : "=r"(before)
                 : "r"(u32(__cvta_generic_to_shared(&counter))), "r"(value)
                 : "memory");
    return before;
#else
    return atomicAdd(&counter, value);
#endif
}

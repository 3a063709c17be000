// Sums over a warp and counters in shared memory, where the compiler's own code takes longer.
//
// Scope: thread. Shared memory: the counter of the caller. Barriers: none.
#pragma once
#include "integers.cuh"

// Adds to a counter, and returns what it was before. Only lane 0 may call: its number is part of the address,
// so that the assembler does not join lanes first.
__device__ __forceinline__ u32 count_from(u32& counter, u32 value) {
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

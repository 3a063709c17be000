// Dynamic shared memory, beside the static shared memory of the variables.
//
// Scope: thread; all of a CTA get the same. Shared memory: the size that the launch gives. Barriers: none.
#pragma once
#include "integers.cuh"

__device__ __forceinline__ uint4* dynamic_shared() {
#ifdef TOPKIT_INTERPRET
    return static_cast<uint4*>(topkit::dynamic_shared());
#else
    // By 64 bytes alone, copies would take 13 % longer (1024 x 131072 f32, H200).
    extern __shared__ __align__(128) uint4 memory[];
    return memory;
#endif
}

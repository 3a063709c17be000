// Asynchronous copies from global to shared memory: the thread continues while they run.
//
// Scope: thread; each waits for its own copies alone. Shared memory: none of its own. Barriers: none.
// Preconditions: both addresses are multiples of 16 bytes. Before sm_80 a copy is synchronous.
#pragma once
#include "integers.cuh"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define TOPKIT_ASYNC_COPY_PTX 1
#else
#define TOPKIT_ASYNC_COPY_PTX 0
#endif

#ifdef TOPKIT_INTERPRET
using topkit::copy_async;
using topkit::copy_async_commit;
using topkit::copy_async_wait_but_last;
#else
__device__ __forceinline__ void copy_async(uint4* to, const uint4* from) {
#if TOPKIT_ASYNC_COPY_PTX
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;"
                 :: "r"(u32(__cvta_generic_to_shared(to))), "l"(from) : "memory");
#else
    *to = __ldg(from);
#endif
}

// The copies since the last call are one group.
__device__ __forceinline__ void copy_async_commit() {
#if TOPKIT_ASYNC_COPY_PTX
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits for all groups but the last `groups`. Precondition: a constant below 8.
__device__ __forceinline__ void copy_async_wait_but_last(u32 groups) {
#if TOPKIT_ASYNC_COPY_PTX
    switch (groups) {
        case 0: asm volatile("cp.async.wait_group 0;" ::: "memory"); break;
        case 1: asm volatile("cp.async.wait_group 1;" ::: "memory"); break;
        case 2: asm volatile("cp.async.wait_group 2;" ::: "memory"); break;
        case 3: asm volatile("cp.async.wait_group 3;" ::: "memory"); break;
        case 4: asm volatile("cp.async.wait_group 4;" ::: "memory"); break;
        case 5: asm volatile("cp.async.wait_group 5;" ::: "memory"); break;
        case 6: asm volatile("cp.async.wait_group 6;" ::: "memory"); break;
        default: asm volatile("cp.async.wait_group 7;" ::: "memory"); break;
    }
#endif
}
#endif

// Programmatic dependent launch (PDL): a kernel may start before the preceding kernel has ended.
//
// Scope: thread. Shared memory: none. Barriers: none on this grid's threads.
// Without the launch attribute, and before sm_90, both do nothing: the stream has ordered the
// grids already. A kernel touches global memory only after it has waited.
#pragma once

// Returns when the preceding grid has ended and its writes can be read.
__device__ __forceinline__ void wait_for_preceding_grid() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Lets the dependent grid start. That grid waits for the end of this grid before it reads.
__device__ __forceinline__ void launch_dependents() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// The argument of a kernel, at an address that is the same for all threads of the grid.
//
// A GPU has it in constant memory. The interpreter passes each thread a copy, and has one for all beside them.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: the reference is that of the kernel's argument,
// which is declared `__grid_constant__`.
#pragma once

#ifdef TOPKIT_INTERPRET
using topkit::of_grid;
#else
template <class Args>
__device__ __forceinline__ const Args& of_grid(const Args& args) { return args; }
#endif

// Tells the interpreter what the source of a program gave, so that it can name a source that is not pure. A GPU
// has nothing to do for it.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none.
#pragma once
#include "integers.cuh"

#ifdef TOPKIT_INTERPRET
using topkit::source_gave_score;
using topkit::source_keeps;
#else
__device__ __forceinline__ void source_gave_score(u32, u64, u64) {}
__device__ __forceinline__ void source_keeps(u32, bool) {}
#endif

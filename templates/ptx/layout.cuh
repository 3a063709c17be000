// The place of a field in its struct, as a constant.
//
// Scope: none (a macro only). Shared memory: none. Barriers: none. Preconditions: none.
#pragma once

// NVRTC has no __builtin_offsetof.
#ifdef __CUDACC_RTC__
#define TOPKIT_OFFSET(type, field) __INTADDR__(&static_cast<type*>(nullptr)->field)
#else
#define TOPKIT_OFFSET(type, field) __builtin_offsetof(type, field)
#endif

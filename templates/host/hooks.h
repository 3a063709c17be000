// How the host shim reaches the interpreter: one call for everything that is not a load or a store.
//
// The numbers are mirrored in runtime/src/backend/interpret/hooks.rs.
#pragma once

// A function that speaks to the interpreter: called, so that its return address is a line of the
// kernel, and itself unwatched.
#define TOPKIT_HOOK __attribute__((noinline, no_sanitize("thread", "undefined")))
#define TOPKIT_LINE reinterpret_cast<unsigned long long>(__builtin_return_address(0))

namespace topkit {

using Word = unsigned long long;

enum Call : unsigned {
    ATOMIC = 0,
    FENCE = 1,
    BLOCK_BARRIER = 2,
    NAMED_BARRIER = 3,
    WARP = 4,
    ACTIVE_MASK = 5,
    CLUSTER_ARRIVE = 6,
    CLUSTER_WAIT = 7,
    MAP_SHARED = 8,
    GRID_BARRIER = 9,
    MBARRIER_INIT = 10,
    MBARRIER_ARRIVE = 11,
    MBARRIER_EXPECT = 12,
    MBARRIER_WAIT = 13,
    MBARRIER_TEST = 14,
    BULK_COPY = 15,
    STORE_ASYNC = 16,
    TRAP = 17,
    SLEEP = 18,
    SUBSCRIPT = 19,
    MISALIGNED = 20,
    COPY_ASYNC = 21,
    COPY_COMMIT = 22,
    COPY_WAIT = 23,
    SOURCE_GAVE = 24,
    NO_VALUE = 25,
};

enum Scope : Word { BLOCK = 0, CLUSTER = 1, DEVICE = 2, SYSTEM = 3 };

// How an atomic access orders others, and what it does to memory.
enum Order : Word { RELAXED = 0, ACQUIRE = 1, RELEASE = 2, READS = 4, WRITES = 8 };

extern "C" Word topkit_call(unsigned call, Word line, Word a, Word b, Word c, Word d, Word e);

// Turns a parameter into one that takes no part in deduction.
template <class T> struct Given { using Type = T; };

}  // namespace topkit

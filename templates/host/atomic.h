// Atomics at their scopes, fences, and loads and stores that acquire and release.
//
// One thread runs at a time, so each operation tells the interpreter, which checks it and may let
// others run first; then read, and write.
#pragma once
#include "language.h"

#define TOPKIT_RMW(NAME, SCOPE, NEXT)                                                          \
    template <class T>                                                                         \
    TOPKIT_HOOK T NAME(T* at, typename topkit::Given<T>::Type value) {                         \
        topkit::topkit_call(topkit::ATOMIC, TOPKIT_LINE, reinterpret_cast<topkit::Word>(at),   \
                            sizeof(T), SCOPE, topkit::READS | topkit::WRITES, 0);              \
        const T old = *at;                                                                     \
        *at = NEXT;                                                                            \
        return old;                                                                            \
    }
#define TOPKIT_CAS(NAME, SCOPE)                                                                \
    template <class T>                                                                         \
    TOPKIT_HOOK T NAME(T* at, typename topkit::Given<T>::Type expected,                        \
                       typename topkit::Given<T>::Type value) {                                \
        topkit::topkit_call(topkit::ATOMIC, TOPKIT_LINE, reinterpret_cast<topkit::Word>(at),   \
                            sizeof(T), SCOPE, topkit::READS | topkit::WRITES, 0);              \
        const T old = *at;                                                                     \
        if (old == expected) {                                                                 \
            *at = value;                                                                       \
        }                                                                                      \
        return old;                                                                            \
    }
#define TOPKIT_SCOPES(NAME, NEXT)                        \
    TOPKIT_RMW(NAME, topkit::DEVICE, NEXT)               \
    TOPKIT_RMW(NAME##_block, topkit::BLOCK, NEXT)        \
    TOPKIT_RMW(NAME##_system, topkit::SYSTEM, NEXT)

TOPKIT_SCOPES(atomicAdd, static_cast<T>(old + value))
TOPKIT_SCOPES(atomicSub, static_cast<T>(old - value))
TOPKIT_SCOPES(atomicMin, old < value ? old : value)
TOPKIT_SCOPES(atomicMax, old < value ? value : old)
TOPKIT_SCOPES(atomicAnd, static_cast<T>(old & value))
TOPKIT_SCOPES(atomicOr, static_cast<T>(old | value))
TOPKIT_SCOPES(atomicXor, static_cast<T>(old ^ value))
TOPKIT_SCOPES(atomicExch, value)
TOPKIT_SCOPES(atomicInc, old >= value ? static_cast<T>(0) : static_cast<T>(old + 1))
TOPKIT_SCOPES(atomicDec, old == 0 || old > value ? value : static_cast<T>(old - 1))
TOPKIT_CAS(atomicCAS, topkit::DEVICE)
TOPKIT_CAS(atomicCAS_block, topkit::BLOCK)
TOPKIT_CAS(atomicCAS_system, topkit::SYSTEM)
#undef TOPKIT_SCOPES
#undef TOPKIT_CAS
#undef TOPKIT_RMW

#define TOPKIT_FENCE(NAME, SCOPE)                                                    \
    TOPKIT_HOOK inline void NAME() {                                                 \
        topkit::topkit_call(topkit::FENCE, TOPKIT_LINE, SCOPE, 0, 0, 0, 0);          \
    }
TOPKIT_FENCE(__threadfence_block, topkit::BLOCK)
TOPKIT_FENCE(__threadfence, topkit::DEVICE)
TOPKIT_FENCE(__threadfence_system, topkit::SYSTEM)
#undef TOPKIT_FENCE

namespace topkit {

// The host bodies of ld.acquire, st.release and red.release at a scope.
template <class T>
TOPKIT_HOOK T load_acquire(const T* at, Scope scope = DEVICE) {
    topkit_call(ATOMIC, TOPKIT_LINE, reinterpret_cast<Word>(at), sizeof(T), scope, ACQUIRE | READS, 0);
    return *at;
}
template <class T>
TOPKIT_HOOK void store_release(T* at, typename Given<T>::Type value, Scope scope = DEVICE) {
    topkit_call(ATOMIC, TOPKIT_LINE, reinterpret_cast<Word>(at), sizeof(T), scope, RELEASE | WRITES, 0);
    *at = value;
}
template <class T>
TOPKIT_HOOK T add_release(T* at, typename Given<T>::Type value, Scope scope = DEVICE) {
    topkit_call(ATOMIC, TOPKIT_LINE, reinterpret_cast<Word>(at), sizeof(T), scope,
                RELEASE | READS | WRITES, 0);
    const T old = *at;
    *at = old + value;
    return old;
}

}  // namespace topkit

// Warp collectives. Each waits in the interpreter for the lanes of its mask.
#pragma once
#include "language.h"

namespace topkit {

// Mirrored in runtime/src/backend/interpret/warp.rs.
enum Warp : Word {
    SYNC = 0, SHFL = 1, SHFL_UP = 2, SHFL_DOWN = 3, SHFL_XOR = 4, BALLOT = 5, ALL = 6, ANY = 7,
    MATCH_ANY = 8, MATCH_ALL = 9, ADD = 10, MIN = 11, MAX = 12, MIN_SIGNED = 13, MAX_SIGNED = 14,
    AND = 15, OR = 16, XOR = 17,
};

template <class T> __attribute__((always_inline)) inline Word to_word(T value) {
    static_assert(sizeof(T) <= sizeof(Word), "a lane exchanges at most 64 bits");
    Word word = 0;
    __builtin_memcpy(&word, &value, sizeof value);
    return word;
}
template <class T> __attribute__((always_inline)) inline T from_word(Word word) {
    T value;
    __builtin_memcpy(&value, &word, sizeof value);
    return value;
}

}  // namespace topkit

#define TOPKIT_SHFL(NAME, KIND)                                                              \
    template <class T>                                                                       \
    TOPKIT_HOOK T NAME(unsigned mask, T value, int argument, int width = 32) {               \
        return topkit::from_word<T>(topkit::topkit_call(                                     \
            topkit::WARP, TOPKIT_LINE, KIND, mask, topkit::to_word(value),                   \
            static_cast<unsigned>(argument), static_cast<unsigned>(width)));                 \
    }
TOPKIT_SHFL(__shfl_sync, topkit::SHFL)
TOPKIT_SHFL(__shfl_up_sync, topkit::SHFL_UP)
TOPKIT_SHFL(__shfl_down_sync, topkit::SHFL_DOWN)
TOPKIT_SHFL(__shfl_xor_sync, topkit::SHFL_XOR)
#undef TOPKIT_SHFL

#define TOPKIT_VOTE(RESULT, NAME, KIND)                                                      \
    TOPKIT_HOOK inline RESULT NAME(unsigned mask, int predicate) {                           \
        return static_cast<RESULT>(topkit::topkit_call(topkit::WARP, TOPKIT_LINE, KIND, mask, \
                                                       predicate != 0, 0, 32));              \
    }
TOPKIT_VOTE(unsigned, __ballot_sync, topkit::BALLOT)
TOPKIT_VOTE(int, __all_sync, topkit::ALL)
TOPKIT_VOTE(int, __any_sync, topkit::ANY)
#undef TOPKIT_VOTE

template <class T> TOPKIT_HOOK unsigned __match_any_sync(unsigned mask, T value) {
    return static_cast<unsigned>(topkit::topkit_call(topkit::WARP, TOPKIT_LINE, topkit::MATCH_ANY,
                                                     mask, topkit::to_word(value), 0, 32));
}
template <class T> TOPKIT_HOOK unsigned __match_all_sync(unsigned mask, T value, int* predicate) {
    const auto found = static_cast<unsigned>(topkit::topkit_call(
        topkit::WARP, TOPKIT_LINE, topkit::MATCH_ALL, mask, topkit::to_word(value), 0, 32));
    *predicate = found != 0;
    return found;
}

#define TOPKIT_REDUCE(T, NAME, KIND)                                                         \
    TOPKIT_HOOK inline T NAME(unsigned mask, T value) {                                      \
        return topkit::from_word<T>(topkit::topkit_call(topkit::WARP, TOPKIT_LINE, KIND, mask, \
                                                        topkit::to_word(value), 0, 32));     \
    }
TOPKIT_REDUCE(unsigned, __reduce_add_sync, topkit::ADD)
TOPKIT_REDUCE(unsigned, __reduce_min_sync, topkit::MIN)
TOPKIT_REDUCE(unsigned, __reduce_max_sync, topkit::MAX)
TOPKIT_REDUCE(int, __reduce_add_sync, topkit::ADD)
TOPKIT_REDUCE(int, __reduce_min_sync, topkit::MIN_SIGNED)
TOPKIT_REDUCE(int, __reduce_max_sync, topkit::MAX_SIGNED)
TOPKIT_REDUCE(unsigned, __reduce_and_sync, topkit::AND)
TOPKIT_REDUCE(unsigned, __reduce_or_sync, topkit::OR)
TOPKIT_REDUCE(unsigned, __reduce_xor_sync, topkit::XOR)
#undef TOPKIT_REDUCE

TOPKIT_HOOK inline void __syncwarp(unsigned mask = 0xFFFFFFFFu) {
    topkit::topkit_call(topkit::WARP, TOPKIT_LINE, topkit::SYNC, mask, 0, 0, 32);
}
TOPKIT_HOOK inline unsigned __activemask() {
    return static_cast<unsigned>(
        topkit::topkit_call(topkit::ACTIVE_MASK, TOPKIT_LINE, 0, 0, 0, 0, 0));
}

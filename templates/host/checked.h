// Operations of a selector's own functions that have no value in Rust, told to the interpreter.
#pragma once
#include "language.h"

namespace topkit {

// The numbers are mirrored in runtime/src/backend/interpret/checked.rs.
enum class Operation : Word {
    ADD = 0,
    SUB = 1,
    MUL = 2,
    DIV = 3,
    REM = 4,
    SHL = 5,
    SHR = 6,
    NEG = 7,
    ABS = 8,
    CLAMP = 9,
    INDEX = 10,
};

template <class T> struct TypeOf;
template <> struct TypeOf<int> { static constexpr Word NUMBER = 0; };
template <> struct TypeOf<unsigned> { static constexpr Word NUMBER = 1; };
template <> struct TypeOf<long long> { static constexpr Word NUMBER = 2; };
template <> struct TypeOf<float> { static constexpr Word NUMBER = 3; };

TOPKIT_HOOK inline void no_value(Operation operation, Word type, Word a, Word b) {
    topkit_call(NO_VALUE, TOPKIT_LINE, Word(operation), type, a, b, 0);
}
template <class T> __forceinline__ Word word_of(T value) { return Word(static_cast<long long>(value)); }
template <> __forceinline__ Word word_of(float value) {
    unsigned bits;
    __builtin_memcpy(&bits, &value, sizeof(bits));
    return bits;
}
template <class T> __forceinline__ void no_value_of(Operation operation, T a, T b) {
    no_value(operation, TypeOf<T>::NUMBER, word_of(a), word_of(b));
}

template <class T> __forceinline__ void check_add(T a, T b) {
    T result;
    if (__builtin_add_overflow(a, b, &result)) {
        no_value_of(Operation::ADD, a, b);
    }
}
template <class T> __forceinline__ void check_sub(T a, T b) {
    T result;
    if (__builtin_sub_overflow(a, b, &result)) {
        no_value_of(Operation::SUB, a, b);
    }
}
template <class T> __forceinline__ void check_mul(T a, T b) {
    T result;
    if (__builtin_mul_overflow(a, b, &result)) {
        no_value_of(Operation::MUL, a, b);
    }
}
template <class T> __forceinline__ bool negates(T a) {
    T result;
    return !__builtin_sub_overflow(T(0), a, &result);
}
template <class T> __forceinline__ void check_neg(T a) {
    if (!negates(a)) {
        no_value_of(Operation::NEG, a, a);
    }
}
template <class T> __forceinline__ void check_abs(T a) {
    if (a < T(0) && !negates(a)) {
        no_value_of(Operation::ABS, a, a);
    }
}
template <class T> __forceinline__ bool divides(T a, T b) {
    return b != T(0) && (T(-1) > T(0) || b != T(-1) || negates(a));
}
template <class T> __forceinline__ void check_div(T a, T b) {
    if (!divides(a, b)) {
        no_value_of(Operation::DIV, a, b);
    }
}
template <class T> __forceinline__ void check_rem(T a, T b) {
    if (!divides(a, b)) {
        no_value_of(Operation::REM, a, b);
    }
}
template <class T, class Amount> __forceinline__ bool shifts(Amount amount) {
    return static_cast<long long>(amount) >= 0 && static_cast<long long>(amount) < 8 * static_cast<long long>(sizeof(T));
}
template <class T, class Amount> __forceinline__ void check_shl(T a, Amount amount) {
    if (!shifts<T>(amount)) {
        no_value(Operation::SHL, TypeOf<T>::NUMBER, word_of(a), word_of(amount));
    }
}
template <class T, class Amount> __forceinline__ void check_shr(T a, Amount amount) {
    if (!shifts<T>(amount)) {
        no_value(Operation::SHR, TypeOf<T>::NUMBER, word_of(a), word_of(amount));
    }
}
template <class T> __forceinline__ void check_clamp(T least, T greatest) {
    if (!(least <= greatest)) {
        no_value_of(Operation::CLAMP, least, greatest);
    }
}
__forceinline__ void check_index(long long index, long long length) {
    if (index < 0 || index >= length) {
        no_value_of(Operation::INDEX, index, length);
    }
}

}  // namespace topkit

// Compares scores as numbers, as they were loaded: no score needs its key. A word holds one score of 32 bits or
// two of 16.
//
// Scope: thread. Shared memory: none. Barriers: none. `Dtype` is a traits block of `score/dtypes.cuh`.
// Before sm_90 and in the interpreter, plain C++ computes the same results as the instructions, also for
// NaN and signed zeros, so that the interpreter detects errors in their use.
#pragma once
#include "integers.cuh"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define TOPKIT_COMPARE_PTX 1
#else
#define TOPKIT_COMPARE_PTX 0
#endif

// One instruction for each dtype, chosen when the kernel is compiled.
#define TOPKIT_BETTER_OF(operation)                                                              \
    if constexpr (sizeof(Bits) == 4) {                                                           \
        asm(operation ".f32 %0, %1, %2;" : "=r"(best) : "r"(a), "r"(b));                         \
    } else if constexpr (IS_F16) {                                                               \
        asm(operation ".f16x2 %0, %1, %2;" : "=r"(best) : "r"(a), "r"(b));                       \
    } else {                                                                                     \
        asm(operation ".bf16x2 %0, %1, %2;" : "=r"(best) : "r"(a), "r"(b));                      \
    }
#define TOPKIT_ADD_HITS(relation)                                                                \
    if constexpr (sizeof(Bits) == 4) {                                                           \
        asm("{\n\t.reg .pred p;\n\tsetp." relation ".f32 p, %1, %2;\n\t@p or.b32 %0, %0, %3;\n\t}"  \
            : "+r"(hits)                                                                         \
            : "r"(word), "r"(other), "r"(bit));                                                  \
    } else if constexpr (IS_F16) {                                                               \
        u32 mask;                                                                                \
        asm("set." relation ".u32.f16x2 %0, %1, %2;" : "=r"(mask) : "r"(word), "r"(other));      \
        hits |= mask & bit;                                                                      \
    } else {                                                                                     \
        u32 mask;                                                                                \
        asm("set." relation ".u32.bf16x2 %0, %1, %2;" : "=r"(mask) : "r"(word), "r"(other));     \
        hits |= mask & bit;                                                                      \
    }

template <class Dtype, bool LARGEST, bool NAN_WINNING, bool IS_INTEGER = Dtype::IS_INTEGER>
struct Compare {
    using Bits = typename Dtype::Bits;
    static constexpr u32 SCORES = 4 / sizeof(Bits);  // in a word
    static constexpr bool IS_F16 = Dtype::INFINITE == 0x7C00u;

    static __device__ __forceinline__ Bits score(u32 word, u32 which) {
        return Bits(word >> (which * 16));
    }

    // The better of each two scores. A NaN that wins comes out as the canonical one.
    static __device__ __forceinline__ u32 better(u32 a, u32 b) {
#if TOPKIT_COMPARE_PTX
        u32 best;
        if constexpr (LARGEST && NAN_WINNING) {
            TOPKIT_BETTER_OF("max.NaN")
        } else if constexpr (LARGEST) {
            TOPKIT_BETTER_OF("max")
        } else if constexpr (NAN_WINNING) {
            TOPKIT_BETTER_OF("min.NaN")
        } else {
            TOPKIT_BETTER_OF("min")
        }
        return best;
#else
        u32 best = 0;
        for (u32 i = 0; i < SCORES; ++i) {
            best |= u32(better_score(score(a, i), score(b, i))) << (16 * i);
        }
        return best;
#endif
    }

    // Adds to `hits` each score of a word that is better than the score at its place in `other`. A NaN
    // that wins is better than every score. A NaN that loses is better than none.
    static __device__ __forceinline__ void add_beyond(u32 word, u32 other, u32 bit, u32& hits) {
#if TOPKIT_COMPARE_PTX
        if constexpr (LARGEST && NAN_WINNING) {
            TOPKIT_ADD_HITS("gtu")
        } else if constexpr (LARGEST) {
            TOPKIT_ADD_HITS("gt")
        } else if constexpr (NAN_WINNING) {
            TOPKIT_ADD_HITS("ltu")
        } else {
            TOPKIT_ADD_HITS("lt")
        }
#else
        add_where(word, other, bit, hits, [](Bits score, Bits other) {
            return is_nan(score) || is_nan(other) ? NAN_WINNING
                                                  : in_order(other, score) && !equal(other, score);
        });
#endif
    }

    // Adds to `hits` each score of a word that equals the score at its place in `other` as a number. NaN
    // equals nothing, so a word compared with itself gives all scores that are not NaN.
    static __device__ __forceinline__ void add_equal(u32 word, u32 other, u32 bit, u32& hits) {
#if TOPKIT_COMPARE_PTX
        TOPKIT_ADD_HITS("eq")
#else
        add_where(word, other, bit, hits, [](Bits score, Bits other) {
            return !is_nan(score) && !is_nan(other) && equal(score, other);
        });
#endif
    }

#if !TOPKIT_COMPARE_PTX
   private:
    static __device__ __forceinline__ constexpr bool is_nan(Bits bits) {
        return Bits(bits & Bits(~Dtype::SIGN)) > Dtype::INFINITE;
    }

    // Whether `a` ranks no better than `b`. -0 is below +0, as in max and min. Precondition: no NaN.
    static __device__ __forceinline__ bool in_order(Bits a, Bits b) {
        const auto ordered = [](Bits bits) {
            return Bits(bits & Dtype::SIGN ? Bits(~bits) : Bits(bits | Dtype::SIGN));
        };
        return LARGEST ? ordered(a) <= ordered(b) : ordered(b) <= ordered(a);
    }

    // Whether two numbers compare as equal. Precondition: no NaN.
    static __device__ __forceinline__ bool equal(Bits a, Bits b) {
        return a == b || Bits((a | b) & Bits(~Dtype::SIGN)) == 0;
    }

    static __device__ __forceinline__ Bits better_score(Bits a, Bits b) {
        constexpr Bits CANONICAL = Bits(~Dtype::SIGN);
        if (is_nan(a) || is_nan(b)) {
            return NAN_WINNING || (is_nan(a) && is_nan(b)) ? CANONICAL : is_nan(a) ? b : a;
        }
        return in_order(b, a) ? a : b;
    }

    template <class Relation>
    static __device__ __forceinline__ void add_where(u32 word, u32 other, u32 bit, u32& hits,
                                                     Relation relation) {
        for (u32 i = 0; i < SCORES; ++i) {
            if (relation(score(word, i), score(other, i))) {
                hits |= bit & (SCORES == 1 ? ~0u : 0xFFFFu << (16 * i));
            }
        }
    }
#endif
};

// Integers of 32 bits.
template <class Dtype, bool LARGEST, bool NAN_WINNING>
struct Compare<Dtype, LARGEST, NAN_WINNING, true> {
    using Bits = typename Dtype::Bits;
    static constexpr u32 SCORES = 1;

    static __device__ __forceinline__ Bits score(u32 word, u32) { return word; }

    static __device__ __forceinline__ u32 better(u32 a, u32 b) { return is_beyond(a, b) ? a : b; }

    static __device__ __forceinline__ void add_beyond(u32 word, u32 other, u32 bit, u32& hits) {
        hits |= is_beyond(word, other) ? bit : 0;
    }

    static __device__ __forceinline__ void add_equal(u32 word, u32 other, u32 bit, u32& hits) {
        hits |= word == other ? bit : 0;
    }

   private:
    static __device__ __forceinline__ bool is_beyond(u32 a, u32 b) {
        const u32 flipped = a ^ Dtype::SIGN;
        return LARGEST ? flipped > (b ^ Dtype::SIGN) : flipped < (b ^ Dtype::SIGN);
    }
};

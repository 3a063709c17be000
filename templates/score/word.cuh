// Scores as they are loaded, a word at a time: one of 32 bits, or two of 16.
//
// Scope: thread. Shared memory: none. Barriers: none.
// The instructions compare floating-point numbers, so that no score needs its key. Before sm_90 and in
// the interpreter plain C++ computes what the instructions give, NaN and signed zeros included: the
// interpreter would not see a fault of the instructions' order otherwise.
#pragma once
#include "ordinal.cuh"
#include "../core/types.cuh"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define TOPKIT_SCORE_WORD_PTX 1
#else
#define TOPKIT_SCORE_WORD_PTX 0
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
            : "r"(word), "r"(limit), "r"(bit));                                                  \
    } else if constexpr (IS_F16) {                                                               \
        u32 mask;                                                                                \
        asm("set." relation ".u32.f16x2 %0, %1, %2;" : "=r"(mask) : "r"(word), "r"(limit));      \
        hits |= mask & bit;                                                                      \
    } else {                                                                                     \
        u32 mask;                                                                                \
        asm("set." relation ".u32.bf16x2 %0, %1, %2;" : "=r"(mask) : "r"(word), "r"(limit));     \
        hits |= mask & bit;                                                                      \
    }

template <class Config>
struct ScoreWord {
    using Dtype = typename Config::Dtype;
    using Bits = typename Config::Bits;
    static constexpr u32 SCORES = 4 / sizeof(Bits);  // in a word
    static constexpr bool IS_F16 = Dtype::INFINITE == 0x7C00u;
    static constexpr bool NAN_WINS = Config::LARGEST == Config::NAN_HIGHEST;
    // What stands where there is no score: the infinity that loses.
    static constexpr u32 WORST_BITS = Config::LARGEST ? u32(Dtype::SIGN) | u32(Dtype::INFINITE)
                                                      : u32(Dtype::INFINITE);
    static constexpr u32 WORST = SCORES == 1 ? WORST_BITS : WORST_BITS << 16 | WORST_BITS;

    // The hits of a thread are bits: that of word w is bit w, or 16 above it for the upper score.
    static __device__ __forceinline__ constexpr u32 bits_of(u32 word) {
        return (SCORES == 1 ? 1u : 0x00010001u) << word;
    }
    static __device__ __forceinline__ u32 item_of(u32 bit) {
        return SCORES == 1 ? bit : bit % 16 * 2 + bit / 16;
    }

    static __device__ __forceinline__ Bits score(u32 word, u32 which) {
        return Bits(word >> (which * 16));
    }

    // The keys of the two infinities. Only NaN that loses has a key below the first, and only NaN that
    // wins has one above the second.
    static __device__ __forceinline__ u32 worst_key() { return Config::key(Bits(WORST_BITS)); }
    static __device__ __forceinline__ u32 best_key() {
        return Config::key(Bits(WORST_BITS ^ Dtype::SIGN));
    }

    // The better of each two scores. A NaN that wins comes out as the canonical one.
    static __device__ __forceinline__ u32 better(u32 a, u32 b) {
#if TOPKIT_SCORE_WORD_PTX
        u32 best;
        if constexpr (Config::LARGEST && NAN_WINS) {
            TOPKIT_BETTER_OF("max.NaN")
        } else if constexpr (Config::LARGEST) {
            TOPKIT_BETTER_OF("max")
        } else if constexpr (NAN_WINS) {
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

    // Adds to `hits` the scores of a word that are beyond those of `limit`, a word of `of_key`. A NaN
    // that wins is beyond every limit, a NaN that loses beyond none.
    static __device__ __forceinline__ void add_beyond(u32 word, u32 limit, u32 bit, u32& hits) {
#if TOPKIT_SCORE_WORD_PTX
        if constexpr (Config::LARGEST && NAN_WINS) {
            TOPKIT_ADD_HITS("gtu")
        } else if constexpr (Config::LARGEST) {
            TOPKIT_ADD_HITS("gt")
        } else if constexpr (NAN_WINS) {
            TOPKIT_ADD_HITS("ltu")
        } else {
            TOPKIT_ADD_HITS("lt")
        }
#else
        add_where(word, limit, bit, hits, [](Bits score, Bits limit) {
            return is_nan(score) || is_nan(limit) ? NAN_WINS : in_order(limit, score) && !equal(limit, score);
        });
#endif
    }

    // Adds to `hits` the scores of a word that equal those of `other` as numbers. NaN equals nothing,
    // so a word that is compared with itself gives all scores that are not NaN.
    static __device__ __forceinline__ void add_equal(u32 word, u32 other, u32 bit, u32& hits) {
#if TOPKIT_SCORE_WORD_PTX
        const u32 limit = other;
        TOPKIT_ADD_HITS("eq")
#else
        add_where(word, other, bit, hits, [](Bits score, Bits other) {
            return !is_nan(score) && !is_nan(other) && equal(score, other);
        });
#endif
    }

    // A word whose scores stand for a key, as the limit of `add_beyond`; for a key that no score
    // has, the next one below. Precondition: the key is at least `worst_key()`.
    static __device__ __forceinline__ u32 of_key(u32 key) {
        constexpr u32 MASK = Bits(~Bits(0));
        constexpr u32 ABOVE = Dtype::SIGN | Dtype::INFINITE;  // ordered keys of the infinities
        constexpr u32 BELOW = ABOVE ^ MASK;
        const u32 ordered = Config::LARGEST ? key : key ^ MASK;
        u32 bits;
        if (Config::LARGEST ? ordered >= ABOVE : ordered <= BELOW) {
            bits = Config::LARGEST ? Dtype::INFINITE : ABOVE;
        } else if (ordered >= Dtype::SIGN) {
            bits = ordered ^ Dtype::SIGN;
        } else if (ordered == Dtype::SIGN - 1) {  // that of -0, which has the key of +0
            bits = Config::LARGEST ? Dtype::SIGN + 1 : 0;
        } else {
            bits = ordered ^ MASK;
        }
        return SCORES == 1 ? bits : bits * 0x00010001u;
    }

    // A score's key but for NaN and -0: where it only guides, three instructions less.
    static __device__ __forceinline__ u32 rough_key(u32 word, u32 which) {
        const u32 bits = SCORES == 1 || which == 1 ? word : word << 16;
        const u32 ordered = bits ^ (u32(i32(bits) >> 31) | 0x80000000u);
        const u32 key = Config::LARGEST ? ordered : ~ordered;
        return SCORES == 1 ? key : key >> 16;
    }

#if !TOPKIT_SCORE_WORD_PTX
   private:
    static __device__ __forceinline__ constexpr bool is_nan(Bits bits) {
        return Bits(bits & Bits(~Dtype::SIGN)) > Dtype::INFINITE;
    }

    // Of numbers: whether `a` ranks no better than `b`; -0 is below +0, which max and min tell apart.
    static __device__ __forceinline__ bool in_order(Bits a, Bits b) {
        const auto ordered = [](Bits bits) {
            return Bits(bits & Dtype::SIGN ? Bits(~bits) : Bits(bits | Dtype::SIGN));
        };
        return Config::LARGEST ? ordered(a) <= ordered(b) : ordered(b) <= ordered(a);
    }

    // Of numbers: whether they compare as equal.
    static __device__ __forceinline__ bool equal(Bits a, Bits b) {
        return a == b || Bits((a | b) & Bits(~Dtype::SIGN)) == 0;
    }

    static __device__ __forceinline__ Bits better_score(Bits a, Bits b) {
        constexpr Bits CANONICAL = Bits(~Dtype::SIGN);
        if (is_nan(a) || is_nan(b)) {
            return NAN_WINS || (is_nan(a) && is_nan(b)) ? CANONICAL : is_nan(a) ? b : a;
        }
        return in_order(b, a) ? a : b;
    }

    template <class Relation>
    static __device__ __forceinline__ void add_where(u32 word, u32 limit, u32 bit, u32& hits,
                                                     Relation relation) {
        for (u32 i = 0; i < SCORES; ++i) {
            if (relation(score(word, i), score(limit, i))) {
                hits |= bit & (SCORES == 1 ? ~0u : 0xFFFFu << (16 * i));
            }
        }
    }
#endif
};

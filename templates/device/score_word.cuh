// Scores as they are loaded, a word at a time: one of 32 bits, or two of 16.
//
// Scope: thread. Shared memory: none. Barriers: none.
// Better and beyond are in the order of the keys. The instructions compare floating-point numbers,
// so that no score needs its key; on GPUs before sm_90 and in the interpreter keys are compared.
#pragma once
#include "order_key.cuh"
#include "types.cuh"

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
#define TOPKIT_HITS_BEYOND(relation)                                                             \
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

    // The better of each two scores.
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
            const u32 lane = (SCORES == 1 ? ~0u : 0xFFFFu) << (16 * i);
            best |= (Config::key(score(a, i)) > Config::key(score(b, i)) ? a : b) & lane;
        }
        return best;
#endif
    }

    // Adds to `hits` those of a word's scores that are beyond those of `limit`, a word of `of_key`.
    static __device__ __forceinline__ void add_beyond(u32 word, u32 limit, u32 bit, u32& hits) {
#if TOPKIT_SCORE_WORD_PTX
        if constexpr (Config::LARGEST && NAN_WINS) {
            TOPKIT_HITS_BEYOND("gtu")
        } else if constexpr (Config::LARGEST) {
            TOPKIT_HITS_BEYOND("gt")
        } else if constexpr (NAN_WINS) {
            TOPKIT_HITS_BEYOND("ltu")
        } else {
            TOPKIT_HITS_BEYOND("lt")
        }
#else
        for (u32 i = 0; i < SCORES; ++i) {
            if (Config::key(score(word, i)) > Config::key(score(limit, i))) {
                hits |= bit & (SCORES == 1 ? ~0u : 0xFFFFu << (16 * i));
            }
        }
#endif
    }

    // A word whose scores stand for a key, as the limit of `add_beyond`; for a key that no score
    // has, the next one below. Precondition: the key is at least that of WORST_BITS.
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
};

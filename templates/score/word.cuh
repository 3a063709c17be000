// Scores as they are loaded, a word at a time: one of 32 bits, or two of 16.
//
// Scope: thread. Shared memory: none. Barriers: none.
// Preconditions: the key of a threshold is at least that of the worst infinity.
#pragma once
#include "../core/types.cuh"
#include "../ptx/compare.cuh"

template <class Config>
struct ScoreWord : Compare<typename Config::Source::Score, Config::LARGEST, Config::LARGEST == Config::NAN_HIGHEST> {
    using Dtype = typename Config::Source::Score;
    using Bits = typename Dtype::Bits;
    using Ordinal = typename Config::Ordinal;
    using ScoreKey = typename Ordinal::ScoreKey;
    using Compare<Dtype, Config::LARGEST, Config::LARGEST == Config::NAN_HIGHEST>::SCORES;  // in a word
    static constexpr bool NAN_WINS = Config::LARGEST == Config::NAN_HIGHEST;
    // Stands for a missing score: the infinity that loses, or the worst integer.
    static constexpr u32 WORST_BITS = Config::LARGEST ? Dtype::LEAST : Dtype::GREATEST;
    static constexpr u32 BEST_BITS = Config::LARGEST ? Dtype::GREATEST : Dtype::LEAST;
    static constexpr u32 WORST = SCORES == 1 ? WORST_BITS : WORST_BITS << 16 | WORST_BITS;

    // One score of several words, and its bits as a word.
    template <u32 N>
    static __device__ __forceinline__ Bits score_of(const u32 (&words)[N], u32 item) {
        return ScoreWord::score(words[item / SCORES], item % SCORES);
    }
    template <u32 N>
    static __device__ __forceinline__ u32 word_of(const u32 (&words)[N], u32 item) {
        const u32 word = words[item / SCORES];
        return SCORES == 1 ? word : item % 2 == 0 ? word & 0xFFFFu : word >> 16;
    }

    // The hits of a thread are the bits of a word: bit w is the lower score of word w, bit w + 16 the upper.
    static __device__ __forceinline__ constexpr u32 bits_of(u32 word) {
        return (SCORES == 1 ? 1u : 0x00010001u) << word;
    }
    static __device__ __forceinline__ u32 item_of(u32 bit) {
        return SCORES == 1 ? bit : bit % 16 * 2 + bit / 16;
    }

    // The score key of a score.
    static __device__ __forceinline__ ScoreKey key(Bits score) {
        return Ordinal::score_key(Ordinal::key(score, 0));
    }

    // The keys of the two infinities, or of the integers at both ends. Only a NaN that loses has a key below
    // the first, and only a NaN that wins has a key above the second.
    static __device__ __forceinline__ ScoreKey worst_key() { return key(Bits(WORST_BITS)); }
    static __device__ __forceinline__ ScoreKey best_key() { return key(Bits(BEST_BITS)); }

    // A word of scores with this key, for `add_beyond`. If no score has the key, the scores have the next
    // key below it. Precondition: the key is at least `worst_key()`.
    static __device__ __forceinline__ u32 of_key(u32 key) {
        if constexpr (Dtype::IS_INTEGER) {
            return (Config::LARGEST ? key : ~key) ^ Dtype::SIGN;
        }
        constexpr u32 MASK = Bits(~Bits(0));
        constexpr u32 ABOVE = Dtype::SIGN | Dtype::INFINITE;  // ordered keys of the infinities
        constexpr u32 BELOW = ABOVE ^ MASK;
        const u32 ordered = Config::LARGEST ? key : key ^ MASK;
        u32 bits;
        if (Config::LARGEST ? ordered >= ABOVE : ordered <= BELOW) {
            bits = Config::LARGEST ? Dtype::INFINITE : ABOVE;
        } else if (ordered >= Dtype::SIGN) {
            bits = ordered ^ Dtype::SIGN;
        } else if (ordered == Dtype::SIGN - 1) {  // -0 would be here, and has the key of +0
            bits = Config::LARGEST ? Dtype::SIGN + 1 : 0;
        } else {
            bits = ordered ^ MASK;
        }
        return SCORES == 1 ? bits : bits * 0x00010001u;
    }

    // A score's key, except for NaN and -0. It takes three instructions less, and serves where a wrong key
    // costs only time.
    static __device__ __forceinline__ u32 rough_key(u32 word, u32 which) {
        if constexpr (Dtype::IS_INTEGER) {
            return key(word);
        }
        const u32 bits = SCORES == 1 || which == 1 ? word : word << 16;
        const u32 ordered = bits ^ (u32(i32(bits) >> 31) | 0x80000000u);
        const u32 key = Config::LARGEST ? ordered : ~ordered;
        return SCORES == 1 ? key : key >> 16;
    }
};

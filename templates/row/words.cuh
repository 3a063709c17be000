// Scores of a row as words: one of 32 bits, or two of 16.
//
// Scope: thread. Shared memory: none. Barriers: none. Precondition: the elements are those of the row.
#pragma once
#include "../core/types.cuh"
#include "../score/word.cuh"
#include "row.cuh"

template <class Config>
struct RowWords {
    using Source = typename Config::Source;
    using Element = typename Source::Element;
    using Word = ScoreWord<Config>;
    using Bits = typename Word::Bits;
    // Whether the words of the elements are those of the scores.
    static constexpr bool RAW = Source::IDENTITY && !Source::DROPS;
    static constexpr u32 ELEMENTS = 16 / sizeof(Element);     // of a vector of 16 bytes
    static constexpr u32 VECTOR = ELEMENTS / Word::SCORES;  // words of their scores

    // The score of an element; WORST if the source drops it.
    static __device__ __forceinline__ Bits score(const Row<Config>& row, Element element, u32 column) {
        const Bits score = row.score(element, column);
        if constexpr (Source::DROPS) {
            return row.keep(column) ? score : Bits(Word::WORST_BITS);
        } else {
            return score;
        }
    }

    // Puts the scores of a vector of elements, from a column on, into the words from `first` on.
    template <u32 N>
    static __device__ __forceinline__ void make(const Row<Config>& row, const uint4& vector, u32 column,
                                                u32 (&words)[N], u32 first) {
        if constexpr (RAW) {
            words[first] = vector.x;
            words[first + 1] = vector.y;
            words[first + 2] = vector.z;
            words[first + 3] = vector.w;
        } else {
            union {
                uint4 loaded;
                Element elements[ELEMENTS];
            };
            loaded = vector;
#pragma unroll
            for (u32 w = 0; w < VECTOR; ++w) {
                u32 word = 0;
#pragma unroll
                for (u32 i = w * Word::SCORES; i < (w + 1) * Word::SCORES; ++i) {
                    word |= u32(score(row, elements[i], column + i)) << (i % Word::SCORES * 16);
                }
                words[first + w] = word;
            }
        }
    }

    // Makes the words of a vector hold no score.
    template <u32 N>
    static __device__ __forceinline__ void clear(u32 (&words)[N], u32 first) {
#pragma unroll
        for (u32 w = 0; w < VECTOR; ++w) {
            words[first + w] = Word::WORST;
        }
    }
};

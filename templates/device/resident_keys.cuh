// The keys of the scores that a thread holds in registers, for those who go through many of them
// several times.
//
// Scope: block (each thread holds its share). Shared memory: none. Barriers: none.
// Preconditions: those of the row.
// Registers cannot be indexed, and code for each score would be most of what is compiled: so the keys
// lie in memory of the thread's own, which the first cache holds. Where the scores are in no registers
// either, they are loaded again at each visit.
#pragma once
#include "resident_row.cuh"
#include "types.cuh"

template <class Config>
struct ResidentKeys {
    using Bits = typename Config::Bits;
    using Row = ResidentRow<Config>;
    using Places = typename Row::Places;
    using Hits = typename Places::Hits;
    static constexpr u32 VECTORS = Row::KEEPS_SCORES ? Places::VECTORS : 1;
    static constexpr u32 VEC_SIZE = Places::VEC_SIZE;

    uint4 vectors[VECTORS];

    __device__ __forceinline__ explicit ResidentKeys(const Row& row) {
        if constexpr (Row::KEEPS_SCORES) {
#pragma unroll
            for (u32 v = 0; v < VECTORS; ++v) {
                vectors[v] = uint4{row.words[4 * v], row.words[4 * v + 1], row.words[4 * v + 2],
                                   row.words[4 * v + 3]};
            }
#pragma unroll 1
            for (u32 v = 0; v < VECTORS; ++v) {
                const uint4 scores = vectors[v];
                vectors[v] = uint4{keys(scores.x), keys(scores.y), keys(scores.z), keys(scores.w)};
            }
        }
    }

    // Calls visit(key, word, bit) once for every hit, with its place among the hits. Many may be.
    template <class Visit>
    __device__ __forceinline__ void for_each(const Places& places, const Hits& hits,
                                             Visit visit) const {
        if constexpr (!Row::KEEPS_SCORES) {
            places.for_each_key(hits, visit);
        } else {
#pragma unroll 1
            for (u32 v = 0; v < VECTORS; ++v) {
                const u32 word = v * Places::VECTOR_PAIRS / 16;
                const u32 shift = v * Places::VECTOR_PAIRS % 16;
                const u32 here = pick(hits.words, word) >> shift;
                const uint4 vector = vectors[v];
                const u32 words[] = {vector.x, vector.y, vector.z, vector.w};
#pragma unroll
                for (u32 item = 0; item < VEC_SIZE; ++item) {
                    const u32 bit = 1u << (item / 2 + 16 * (item % 2));
                    if (here & bit) {
                        const u32 key = sizeof(Bits) == 4 ? words[item % 4]
                                                          : words[item / 2] >> (item % 2 * 16) & 0xFFFFu;
                        visit(Bits(key), word, bit << shift);
                    }
                }
            }
            if (hits.edge != 0) {
                visit(places.key(places.edge_column()), Places::WORDS, 1u);
            }
        }
    }

   private:
    // The keys of a word's scores.
    static __device__ __forceinline__ u32 keys(u32 word) {
        if constexpr (sizeof(Bits) == 4) {
            return Config::key(word);
        } else {
            return Config::key(Bits(word)) | u32(Config::key(Bits(word >> 16))) << 16;
        }
    }
};

// A row cut into stripes, each spread over all of it, that a CTA loads one at a time.
//
// Scope: block; each thread holds its share of a stripe. Shared memory: none. Barriers: none.
// Preconditions: blockDim.x == Config::THREADS; scores aligned to their element; nobody writes the
// row meanwhile. A vector is 16 bytes.
//
// A stripe takes one of every `count` chunks, at a place that changes from chunk to chunk. So stripes are
// good samples also of a row that is sorted, that repeats itself, or that has its best scores side by side.
// A thread takes another place in every stripe. With the same place, two stripes would be no better a
// sample than one, because the sample takes the best scores of each thread (32 x 131072 bf16, ascending,
// k = 2048: 29.7 us, and 9.4 us with other places; H200).
#pragma once
#include "../core/types.cuh"
#include "../score/word.cuh"
#include "vectors.cuh"
#include "words.cuh"

template <class Config>
struct Stripes : RowVectors<Config, 16> {
    using Element = typename Config::Source::Element;
    using Word = ScoreWord<Config>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 VEC_SIZE = Config::VEC_SIZE;
    static constexpr u32 VECTORS = Config::ITEMS / VEC_SIZE;  // of a thread
    using Words = RowWords<Config>;
    static constexpr u32 WORDS = VECTORS * Words::VECTOR;
    static constexpr u32 SCORES = THREADS * Config::ITEMS;  // of a stripe, at the most
    static constexpr u32 CHUNK = Config::CHUNK;             // vectors
    static constexpr u32 CHUNKS = THREADS * VECTORS / CHUNK;
    static_assert(VEC_SIZE * sizeof(Element) == 16, "a stripe is loaded 16 bytes at a time");
    static_assert(Config::ITEMS <= 32, "a thread's hits are the bits of one word");

    using Vectors = RowVectors<Config, 16>;
    using Vectors::edge_column;
    using Vectors::elements;
    using Vectors::head;
    using Vectors::length;
    using Vectors::vectors;
    u32 count;    // stripes: a multiple of the parts

    Stripes() = default;
    __device__ __forceinline__ Stripes(const Row<Config>& row, u32 parts)
        : Vectors(row) {
        const u32 chunks = (vectors + CHUNK - 1) / CHUNK;
        const u32 full = CHUNKS * parts;
        count = max((chunks + full - 1) / full, 1u) * parts;
    }

    // The first vector of a thread in a stripe. The thread's next vectors follow at a distance of step().
    __device__ __forceinline__ u32 first(u32 stripe, u32 thread) const {
        constexpr u32 PLACES = THREADS / CHUNK;
        constexpr u32 FARTHER = PLACES * 618 / 1000 | 1;  // keeps a thread's chunks of successive stripes apart
        const u32 chunk = (thread / CHUNK + stripe * FARTHER) % PLACES;
        const u32 turned = stripe + __umulhi(chunk * 0x9E3779B1u, count);
        return (chunk * count + min(turned, turned - count)) * CHUNK + thread % CHUNK;
    }
    __device__ __forceinline__ u32 step() const { return THREADS * count; }

    // A vector of a part, which has stripes rank, rank + parts, and so on: numbers count in ascending columns.
    __device__ __forceinline__ u32 in_order(u32 number, u32 rank, u32 parts) const {
        constexpr u32 PLACES = THREADS / CHUNK;
        const u32 each = count / parts * CHUNK;  // the part's vectors of `count` chunks
        const u32 chunk = number / each;
        const u32 turned = (rank + __umulhi(chunk % PLACES * 0x9E3779B1u, count)) % parts;
        return (chunk * count + number % each / CHUNK * parts + turned) * CHUNK + number % CHUNK;
    }

    __device__ __forceinline__ u32 column(u32 stripe, u32 thread, u32 item) const {
        const u32 vector = first(stripe, thread) + item / VEC_SIZE * step();
        return head + vector * VEC_SIZE + item % VEC_SIZE;
    }

    // WORST where the thread holds no score.
    __device__ __forceinline__ void load(u32 stripe, u32 (&words)[WORDS]) const {
        const u32 first = this->first(stripe, threadIdx.x);
        const uint4* from = reinterpret_cast<const uint4*>(elements + head) + first;
        const u32 step = this->step();
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            if constexpr (Words::RAW) {
                uint4 loaded = {Word::WORST, Word::WORST, Word::WORST, Word::WORST};
                if (first + v * step < vectors) {
                    loaded = __ldg(from + v * step);
                }
                Words::make(*this, loaded, 0, words, 4 * v);
            } else if (first + v * step < vectors) {
                const u32 column = head + (first + v * step) * VEC_SIZE;
                Words::make(*this, __ldg(from + v * step), column, words, Words::VECTOR * v);
            } else {
                Words::clear(words, Words::VECTOR * v);
            }
        }
    }

    // The hits of all elements that the thread holds of a stripe.
    __device__ __forceinline__ u32 present(u32 stripe) const {
        const u32 first = this->first(stripe, threadIdx.x);
        constexpr u32 ALL = Word::bits_of(0) * ((1u << Words::VECTOR) - 1);  // words of a vector
        u32 hits = 0;
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            hits |= first + v * step() < vectors ? ALL << Words::VECTOR * v : 0;
        }
        return hits;
    }

    // Of these hits, those that the source keeps.
    __device__ __forceinline__ u32 kept(u32 stripe, u32 hits) const {
        if constexpr (Config::Source::DROPS) {
#pragma unroll 1
            for (u32 rest = hits; rest != 0; rest &= rest - 1) {
                const u32 bit = __ffs(rest) - 1;
                const bool keeps = this->keep(column(stripe, threadIdx.x, Word::item_of(bit)));
                hits &= ~(u32(!keeps) << bit);
            }
        }
        return hits;
    }

    // The elements before and after the vectors come with the first stripe.
    __device__ __forceinline__ bool holds_edge(u32 stripe) const {
        return stripe == 0 && edge_column() < length;
    }
};

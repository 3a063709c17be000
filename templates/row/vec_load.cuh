// Reads a row, VEC_SIZE elements a load where the address allows it.
//
// Scope: block (each thread visits its share). Shared memory: none. Barriers: none.
// Preconditions: the row is aligned to its element; blockDim.x == Config::THREADS; no thread
// writes the row while it is read. Any base address, stride and length: the elements before the
// first aligned vector and after the last whole one are loaded one by one.
#pragma once
#include "../core/types.cuh"
#include "vectors.cuh"

// One memory transaction of a thread, by its width in bytes.
template <u32 BYTES> struct LoadWord;
template <> struct LoadWord<1>  { using Type = u8; };
template <> struct LoadWord<2>  { using Type = u16; };
template <> struct LoadWord<4>  { using Type = u32; };
template <> struct LoadWord<8>  { using Type = uint2; };
template <> struct LoadWord<16> { using Type = uint4; };

template <class Element, u32 VEC_SIZE>
struct ElementVector {
    static constexpr u32 BYTES = VEC_SIZE * sizeof(Element);
    static constexpr u32 WORD_BYTES = BYTES < 16 ? BYTES : 16;  // 16 bytes are the widest load
    static constexpr u32 WORDS = BYTES / WORD_BYTES;
    using Word = typename LoadWord<WORD_BYTES>::Type;

    union {
        Word words[WORDS];
        Element elements[VEC_SIZE];
    };

    // Precondition: `from` is aligned to WORD_BYTES.
    __device__ __forceinline__ void load(const Element* from) {
#pragma unroll
        for (u32 i = 0; i < WORDS; ++i) {
            words[i] = __ldg(reinterpret_cast<const Word*>(from) + i);
        }
    }
};

// A row as one CTA reads it: whole vectors, and the few scores before and after them.
template <class Config>
struct RowReader
    : RowVectors<Config, ElementVector<typename Config::Source::Element, Config::VEC_SIZE>::WORD_BYTES> {
    using Element = typename Config::Source::Element;
    using Key = typename Config::Ordinal::Key;
    using Wide = typename Config::Ordinal::Wide;
    using Vector = ElementVector<Element, Config::VEC_SIZE>;
    using Keys = RowKeys<Config>;  // the loops take a copy: a reference to the reader costs instructions
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 VEC_SIZE = Config::VEC_SIZE;
    // Vectors that a thread loads at once: 64 bytes, and at most one bit a score in a word of hits.
    static constexpr u32 BY_BYTES = Vector::BYTES < 64 ? 64 / Vector::BYTES : 1;
    static constexpr u32 BY_BITS = 32 / VEC_SIZE;
    static constexpr u32 DEPTH = BY_BYTES < BY_BITS ? BY_BYTES : BY_BITS;

    using Vectors = RowVectors<Config, Vector::WORD_BYTES>;
    using Vectors::elements;
    using Vectors::head;
    using Vectors::length;
    using Vectors::vectors;

    __device__ __forceinline__ explicit RowReader(const Row<Config>& row) : Vectors(row) {}

    // Calls visit(key, column) once for every score, in no order.
    template <class Visit>
    __device__ __forceinline__ void for_each(Visit visit) const {
        const Keys keys = *this;
        visit_edges(visit);
        for (u32 first = threadIdx.x; first < vectors; first += DEPTH * THREADS) {
            Vector batch[DEPTH];
            load(batch, first);
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                if (first + d * THREADS < vectors) {
#pragma unroll
                    for (u32 i = 0; i < VEC_SIZE; ++i) {
                        const u32 at = column(first, d, i);
                        visit(keys.key_of(batch[d].elements[i], at), at);
                    }
                }
            }
        }
    }

    // Calls visit(key, column) once for every score whose key is in [least, greatest], in no order.
    // Expects few hits: a batch becomes a word of hits, and each hit is loaded again, so that `visit` is
    // compiled twice and not once a register.
    template <class Visit>
    __device__ __forceinline__ void for_each_in(Key least, Key greatest, Visit visit) const {
        const Keys keys = *this;
        const Wide span = Wide(greatest) - least;
        const auto is_hit = [&](Element element, u32 at) {
            return Wide(keys.key_of(element, at)) - least <= span;
        };
        visit_edges([&](Key key, u32 at) {
            if (Wide(key) - least <= span) {
                visit(key, at);
            }
        });
        for (u32 first = threadIdx.x; first < vectors; first += DEPTH * THREADS) {
            Vector batch[DEPTH];
            load(batch, first);
            u32 hits = 0;
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                if (first + d * THREADS < vectors) {
#pragma unroll
                    for (u32 i = 0; i < VEC_SIZE; ++i) {
                        const bool hit = is_hit(batch[d].elements[i], column(first, d, i));
                        hits |= u32(hit) << (d * VEC_SIZE + i);
                    }
                }
            }
            while (hits != 0) {
                const u32 hit = __ffs(hits) - 1;
                hits &= hits - 1;
                const u32 at = column(first, hit / VEC_SIZE, hit % VEC_SIZE);
                visit(keys.key_of(__ldg(elements + at), at), at);
            }
        }
    }

   private:
    __device__ __forceinline__ u32 column(u32 first, u32 d, u32 i) const {
        return head + (first + d * THREADS) * VEC_SIZE + i;
    }

    __device__ __forceinline__ void load(Vector (&batch)[DEPTH], u32 first) const {
#pragma unroll
        for (u32 d = 0; d < DEPTH; ++d) {
            if (first + d * THREADS < vectors) {
                batch[d].load(elements + column(first, d, 0));
            }
        }
    }

    // Visits the scores before the first whole vector and after the last; fewer than the CTA has threads.
    // `edge_column` adds in another order and takes up to two instructions more at one score a vector.
    template <class Visit>
    __device__ __forceinline__ void visit_edges(Visit visit) const {
        const Keys keys = *this;
        const u32 tail = head + vectors * VEC_SIZE;
        const u32 at = threadIdx.x < head ? threadIdx.x : tail + (threadIdx.x - head);
        if (at < length) {
            visit(keys.key_of(__ldg(elements + at), at), at);
        }
    }
};

// What reads a row: one in several pieces has a reader of its own.
template <class Config, bool SHARDED = IsSharded<typename Config::Source>::VALUE>
struct ReaderOf {
    using Type = RowReader<Config>;
};

// Reads a row that the CTAs of a cluster share, VEC_SIZE elements a load where the address allows it.
//
// Scope: block (each thread visits its share). Shared memory: none. Barriers: none.
// Preconditions: as for `vec_load.cuh`. The CTAs take chunks of CHUNK vectors in turn, so that winners that are
// side by side are spread over the CTAs. The first CTA has the scores before the first aligned vector and after
// the last whole one.
#pragma once
#include "../core/types.cuh"
#include "vec_load.cuh"

// The part of a row that one CTA reads.
template <class Config>
struct ClusterReader
    : RowVectors<Config, ElementVector<typename Config::Source::Element, Config::VEC_SIZE>::WORD_BYTES> {
    using Element = typename Config::Source::Element;
    using Key = typename Config::Ordinal::Key;
    using Wide = typename Config::Ordinal::Wide;
    using Vector = ElementVector<Element, Config::VEC_SIZE>;
    using Keys = RowKeys<Config>;  // the loops take a copy: a reference to the reader costs instructions
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 VEC_SIZE = Config::VEC_SIZE;
    static constexpr u32 CHUNK = Config::CHUNK;
    static constexpr u32 STRIDE = THREADS * Config::CLUSTER;  // vectors
    static constexpr u32 DEPTH = RowReader<Config>::DEPTH;    // vectors that a thread loads at once
    static_assert(THREADS % CHUNK == 0, "a CTA takes whole chunks");
    static_assert(DEPTH * VEC_SIZE <= 32, "a bit a score in a word of hits");

    using Vectors = RowVectors<Config, Vector::WORD_BYTES>;
    using Vectors::edge_column;
    using Vectors::elements;
    using Vectors::head;
    using Vectors::key_at;
    using Vectors::length;
    using Vectors::vectors;

    u32 rank;

    __device__ __forceinline__ ClusterReader(const Row<Config>& row, u32 rank) : Vectors(row), rank(rank) {}

    // Calls visit(key) once for every score of this CTA's part, in no order.
    template <class Visit>
    __device__ __forceinline__ void for_each(Visit visit) const {
        const Keys keys = *this;
        if (holds_edge()) {
            visit(key_at(edge_column()));
        }
        for (u32 first = place(); first < vectors; first += DEPTH * STRIDE) {
            Vector batch[DEPTH];
            load(batch, first);
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                if (first + d * STRIDE < vectors) {
#pragma unroll
                    for (u32 i = 0; i < VEC_SIZE; ++i) {
                        visit(keys.key_of(batch[d].elements[i], column(first, d, i)));
                    }
                }
            }
        }
    }

    // Calls visit(above, inside, column_of) for batches of scores of this CTA's part, in all lanes of a warp at
    // once. A bit of `above` is a score whose key is greater than `middle`, and at most `greatest`; a bit of
    // `inside` is one whose key is at least `least`, and at most `middle`. column_of(bit) is its column.
    // Expects few hits: `visit` is compiled twice, and loads them again where it needs their keys.
    template <class Visit>
    __device__ __forceinline__ void for_each_batch(Wide least, Wide middle, Wide greatest, Visit visit) const {
        const Keys keys = *this;
        const Wide span = greatest - least;
        if (rank == 0) {
            const u32 at = edge_column();
            u32 hit = 0;
            u32 over = 0;
            if (at < length) {
                const Wide key = key_at(at);
                hit = key - least <= span;
                over = key > middle;
            }
            visit(hit & over, hit & ~over, [at](u32) { return at; });
        }
        const u32 own = place();
        for (u32 base = 0; base < vectors; base += DEPTH * STRIDE) {
            const u32 first = base + own;
            Vector batch[DEPTH];
            load(batch, first);
            u32 hits = 0;
            u32 over = 0;
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                if (first + d * STRIDE < vectors) {
#pragma unroll
                    for (u32 i = 0; i < VEC_SIZE; ++i) {
                        const Wide key = keys.key_of(batch[d].elements[i], column(first, d, i));
                        hits |= u32(key - least <= span) << (d * VEC_SIZE + i);
                        over |= u32(key > middle) << (d * VEC_SIZE + i);
                    }
                }
            }
            visit(hits & over, hits & ~over,
                  [&](u32 bit) { return column(first, bit / VEC_SIZE, bit % VEC_SIZE); });
        }
    }

   private:
    // The first vector of this thread.
    __device__ __forceinline__ u32 place() const {
        return (threadIdx.x / CHUNK * Config::CLUSTER + rank) * CHUNK + threadIdx.x % CHUNK;
    }

    __device__ __forceinline__ bool holds_edge() const { return rank == 0 && edge_column() < length; }

    __device__ __forceinline__ u32 column(u32 first, u32 d, u32 i) const {
        return head + (first + d * STRIDE) * VEC_SIZE + i;
    }

    __device__ __forceinline__ void load(Vector (&batch)[DEPTH], u32 first) const {
#pragma unroll
        for (u32 d = 0; d < DEPTH; ++d) {
            if (first + d * STRIDE < vectors) {
                batch[d].load(elements + column(first, d, 0));
            }
        }
    }
};

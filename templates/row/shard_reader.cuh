// Reads a row whose elements are in shards, VEC_SIZE elements a load where the address allows it.
//
// Scope: block (each thread visits its share). Shared memory: none. Barriers: none.
// Preconditions: as for `vec_load.cuh`. Elements behind a shard's count are not read.
#pragma once
#include "../core/types.cuh"
#include "vec_load.cuh"

template <class Config>
struct ShardReader : Row<Config> {
    using typename Row<Config>::Element;
    using typename Row<Config>::Key;
    using Wide = typename Config::Ordinal::Wide;
    using Vector = ElementVector<Element, Config::VEC_SIZE>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 VEC_SIZE = Config::VEC_SIZE;
    static constexpr u32 DEPTH = RowReader<Config>::DEPTH;  // vectors that a thread loads at once

    u32 vectors;  // of a shard, the last of which may be a part

    __device__ __forceinline__ explicit ShardReader(const Row<Config>& row)
        : Row<Config>(row), vectors((this->width + VEC_SIZE - 1) / VEC_SIZE) {}

    // Calls visit(key, column) once for every candidate, in no order.
    template <class Visit>
    __device__ __forceinline__ void for_each(Visit visit) const {
        const u32 all = vectors * this->shards();
        for (u32 first = threadIdx.x; first < all; first += DEPTH * THREADS) {
            Vector batch[DEPTH];
            u32 columns[DEPTH];
            u32 sizes[DEPTH];
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
                columns[d] = 0;
                sizes[d] = 0;
                if (first + d * THREADS < all) {
                    load(first + d * THREADS, batch[d], columns[d], sizes[d]);
                }
            }
#pragma unroll
            for (u32 d = 0; d < DEPTH; ++d) {
#pragma unroll
                for (u32 i = 0; i < VEC_SIZE; ++i) {
                    if (i < sizes[d]) {
                        visit(this->key_of(batch[d].elements[i], columns[d] + i), columns[d] + i);
                    }
                }
            }
        }
    }

    // Calls visit(key, column) once for every candidate whose key is in [least, greatest], in no order.
    template <class Visit>
    __device__ __forceinline__ void for_each_in(Key least, Key greatest, Visit visit) const {
        const Wide span = Wide(greatest) - least;
        for_each([&](Key key, u32 column) {
            if (Wide(key) - least <= span) {
                visit(key, column);
            }
        });
    }

   private:
    // Loads a vector; its elements from `size` on are none.
    __device__ __forceinline__ void load(u32 number, Vector& vector, u32& column, u32& size) const {
        const u32 shard = number / vectors;
        const u32 first = number % vectors * VEC_SIZE;
        const u32 candidates = this->count(shard);
        column = shard * this->width + first;
        size = first < candidates ? min(candidates - first, VEC_SIZE) : 0;
        const Element* from = this->at(column);
        if (size == VEC_SIZE && reinterpret_cast<u64>(from) % Vector::WORD_BYTES == 0) {
            vector.load(from);
        } else {
#pragma unroll
            for (u32 i = 0; i < VEC_SIZE; ++i) {
                if (i < size) {
                    vector.elements[i] = __ldg(from + i);
                }
            }
        }
    }
};

template <class Config>
struct ReaderOf<Config, true> {
    using Type = ShardReader<Config>;
};

// A row as whole vectors, and the few scores before the first and after the last of them.
//
// Scope: thread (every thread of a CTA computes the same). Shared memory: none. Barriers: none.
// Precondition: elements aligned to their size. A vector starts at a multiple of ALIGNMENT bytes.
#pragma once
#include "../core/types.cuh"
#include "row.cuh"

template <class Config, u32 ALIGNMENT>
struct RowVectors : Row<Config> {
    using typename Row<Config>::Element;
    using Row<Config>::elements;
    using Row<Config>::length;
    static constexpr u32 VEC_SIZE = Config::VEC_SIZE;

    u32 head;     // elements before the first aligned address
    u32 vectors;  // whole vectors after them

    RowVectors() = default;
    __device__ __forceinline__ explicit RowVectors(const Row<Config>& row)
        : Row<Config>(row, row.elements, row.length) {
        const u32 past = u32(reinterpret_cast<u64>(elements) % ALIGNMENT);
        head = min(length, past == 0 ? 0 : (ALIGNMENT - past) / u32(sizeof(Element)));
        vectors = (length - head) / VEC_SIZE;
    }

    // The elements before and after the vectors are one a thread: fewer than a CTA has threads.
    __device__ __forceinline__ u32 edge_column() const {
        return threadIdx.x < head ? threadIdx.x : vectors * VEC_SIZE + threadIdx.x;
    }
};

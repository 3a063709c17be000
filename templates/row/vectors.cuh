// A row as whole vectors, and the few scores before the first and after the last of them.
//
// Scope: thread (every thread of a CTA computes the same). Shared memory: none. Barriers: none.
// Precondition: scores aligned to their element. A vector starts at a multiple of ALIGNMENT bytes.
#pragma once
#include "../core/types.cuh"
#include "row.cuh"

template <class Bits, u32 VEC_SIZE, u32 ALIGNMENT>
struct RowVectors {
    const Bits* scores;
    u32 length;
    u32 head;     // scores before the first aligned address
    u32 vectors;  // whole vectors after them

    RowVectors() = default;
    __device__ __forceinline__ explicit RowVectors(const Row<Bits>& row)
        : scores(row.scores), length(row.length) {
        const u32 past = u32(reinterpret_cast<u64>(scores) % ALIGNMENT);
        head = min(length, past == 0 ? 0 : (ALIGNMENT - past) / u32(sizeof(Bits)));
        vectors = (length - head) / VEC_SIZE;
    }

    // The scores before and after the vectors are one a thread: fewer than a CTA has threads.
    __device__ __forceinline__ u32 edge_column() const {
        return threadIdx.x < head ? threadIdx.x : vectors * VEC_SIZE + threadIdx.x;
    }
};

// Places for winners, and a buffer for the candidates of the threshold bin.
//
// Scope: block. Shared memory: a key and a column for each of CAPACITY candidates, and three
// counters. Barriers: none; the caller places one between reset and use, and one between the
// pushes and the visits.
#pragma once
#include "../core/types.cuh"

// Candidates of the threshold bin, in shared memory for the next passes.
template <class Key, u32 CAPACITY>
struct CandidateBuffer {
    u32 columns[CAPACITY];
    Key keys[CAPACITY];
    u32 size;

    // Precondition: the caller has counted the candidates, and they fit.
    __device__ __forceinline__ void push(Key key, u32 column) {
        const u32 slot = atomicAdd(&size, 1u);
        keys[slot] = key;
        columns[slot] = column;
    }

    // Calls visit(key, column) once for every candidate in [least, greatest], in no order.
    template <u32 THREADS, class Visit>
    __device__ __forceinline__ void for_each_in(Key least, Key greatest, Visit visit) {
        for (u32 slot = threadIdx.x; slot < size; slot += THREADS) {
            const Key key = keys[slot];
            if (least <= key && key <= greatest) {
                visit(key, columns[slot]);
            }
        }
    }
};

// Hands out the places of a row's output: winners from the front, ties of the last key after them.
struct OutputSlots {
    u32 winners;
    u32 ties;

    __device__ __forceinline__ u32 next_winner() { return atomicAdd(&winners, 1u); }
    __device__ __forceinline__ u32 next_tie() { return atomicAdd(&ties, 1u); }
};

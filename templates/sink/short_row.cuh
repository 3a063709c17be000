// A row with no more scores than winners.
//
// Scope: block. Shared memory: none. Barriers: none.
#pragma once
#include "../core/types.cuh"

// Writes every column as a winner, and fills the places that are left.
template <class Config>
__device__ __forceinline__ void take_all(const LaunchArgs& args, u32 row, u32 length) {
#pragma unroll 1
    for (u32 slot = threadIdx.x; slot < u32(args.k); slot += Config::THREADS) {
        if (slot < length) {
            Config::emit(args, row, slot, slot);
        } else {
            Config::fill(args, row, slot);
        }
    }
}

// A row with no more scores than winners.
//
// Scope: block. Shared memory: none. Barriers: those of the sink's `finish`.
#pragma once
#include "../core/types.cuh"
#include "../row/row.cuh"

// Writes every column as a winner, and fills the places that are left.
template <class Config, class Sink, class Team>
__device__ __forceinline__ void take_all(const Sink& sink, const Row<Config>& row, u32 k, const Team& team) {
    if constexpr (IsSharded<typename Config::Source>::VALUE) {
        row.for_each_column(Config::THREADS, [&](u32 slot, u32 column) {
            sink.put(slot, column, [&row, column] { return row.key_at(column); });
        });
        for (u32 slot = row.length + threadIdx.x; slot < k; slot += Config::THREADS) {
            sink.fill(slot);
        }
    } else {
#pragma unroll 1
        for (u32 slot = threadIdx.x; slot < k; slot += Config::THREADS) {
            if (slot < row.length) {
                sink.put(slot, slot, [&row, slot] { return row.key_at(slot); });
            } else {
                sink.fill(slot);
            }
        }
    }
    sink.finish(team);
}

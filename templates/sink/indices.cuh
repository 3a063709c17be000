// The output of a selector without functions: the column of each winner, in the row's part of `indices`.
//
// Scope: thread; each writes places of its own. Shared memory: none. Barriers: none.
// Preconditions: slot < k; no slot is written twice.
#pragma once
#include "../core/types.cuh"

template <class Index>
struct Indices {
    static constexpr bool NEEDS_KEY = false;  // whether `write` uses the key
    static constexpr bool SORTS = false;      // whether `finish` needs all winners of the row
    static constexpr bool READS_IDS = false;  // whether memory is read for the id of a winner
    static constexpr bool READS_VALUES = false;  // likewise for its value
    using Staged = Indices;                   // the same for winners that were staged on chip

    const LaunchArgs& args;
    u32 row;

    __device__ __forceinline__ Indices(const LaunchArgs& args, u32 row) : args(args), row(row) {}

    // Writes one winner; columns count from the start of the row.
    template <class Key>
    __device__ __forceinline__ void write(u32 slot, Key, u32 column) const {
        *place(slot) = static_cast<Index>(column);
    }

    // Writes one place for which the row has no score.
    __device__ __forceinline__ void fill(u32 slot) const { *place(slot) = static_cast<Index>(-1); }

    // Ends the row.
    template <class Team>
    __device__ __forceinline__ void finish(const Team&) const {}

   private:
    // The address takes no registers before it is used.
    __device__ __forceinline__ Index* place(u32 slot) const {
        return static_cast<Index*>(args.indices) + i64(row) * args.index_stride + slot;
    }
};

// Hands each winner of a row to the output as soon as it is known.
//
// Scope: thread, but `finish`, which all threads of a CTA that put winners must reach, once a row. Shared
// memory: none. Barriers: none.
// Preconditions: slot < k; no slot is put or filled twice.
#pragma once
#include "../core/types.cuh"

template <class Config>
struct DirectSink {
    using Key = typename Config::Ordinal::Key;
    using Output = typename Config::Output;

    const LaunchArgs& args;
    u32 row;

    // Writes a winner. key() gives its key, and is called only if the output uses it.
    template <class MakeKey>
    __device__ __forceinline__ void put(u32 slot, u32 column, MakeKey key) const {
        const Output output(args, row);
        if constexpr (Output::NEEDS_KEY) {
            output.write(slot, key(), column);
        } else {
            output.write(slot, Key(0), column);
        }
    }

    // Writes a place for which the row has no score.
    __device__ __forceinline__ void fill(u32 slot) const { Output(args, row).fill(slot); }

    // Ends the row.
    __device__ __forceinline__ void finish() const {}
};

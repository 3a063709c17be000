// Gathers the winners of a CTA in shared memory and writes them together, where memory is read for each, for its id or
// its value: a thread asks for all that it needs before it waits for any of it. If they are not to be gathered, each
// winner is written as soon as it is known.
//
// Scope: thread, but `write`, which all threads of the CTA call after a barrier. Shared memory: a column for each of
// PLACES winners, if they are gathered. Barriers: none. Preconditions: the winners of the CTA have the slots from
// `first` on; no slot is put twice.
#pragma once
#include "../core/types.cuh"
#include "columns.cuh"
#include "direct.cuh"

template <class Config, u32 PLACES, bool GATHERED>
struct GatheredWinners {
    template <class MakeKey>
    __device__ __forceinline__ void put(const DirectSink<Config>& sink, u32, u32 slot, u32 column, MakeKey key) {
        sink.put(slot, column, key);
    }
};

template <class Config, u32 PLACES>
struct GatheredWinners<Config, PLACES, true> {
    u32 columns[PLACES];

    // Takes one winner. One that has no place here is written at once.
    template <class MakeKey>
    __device__ __forceinline__ void put(const DirectSink<Config>& sink, u32 first, u32 slot, u32 column, MakeKey key) {
        if (slot - first < PLACES) {
            columns[slot - first] = column;
        } else {
            sink.put(slot, column, key);
        }
    }

    // Writes the `winners` that were put.
    __device__ __forceinline__ void write(const DirectSink<Config>& sink, u32 first, u32 winners) const {
        const typename Config::Output output(sink.args, sink.row);
        if (!output.is_of_none(first)) {
            write_columns<Config::THREADS>(output, threadIdx.x, first, min(winners, PLACES),
                                           [&](u32 place) { return columns[place]; });
        }
    }
};

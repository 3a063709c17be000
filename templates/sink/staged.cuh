// Collects many winners of a row in shared memory, and hands them to the output in the order of their
// slots, and so in few transactions.
//
// Scope: thread, but `finish`, which all threads of the CTA must reach, once a row. Shared memory: a column,
// and a key if it is used, for each of PLACES winners. Barriers: one in `finish` if winners are
// staged. Preconditions: slot < k; no slot is put twice; k <= PLACES if winners are staged.
#pragma once
#include "../core/types.cuh"
#include "direct.cuh"

template <class Key, u32 PLACES, bool WITH_KEYS>
struct StagedWinners {
    u32 columns[PLACES];
};
template <class Key, u32 PLACES>
struct StagedWinners<Key, PLACES, true> {
    u32 columns[PLACES];
    Key keys[PLACES];
};

// Writes winners that were staged.
template <class Config>
using DirectOfStaged = DirectSink<Config, typename Config::Output::Staged>;

template <class Config, u32 PLACES>
struct StagedSink {
    using Key = typename Config::Ordinal::Key;
    using Direct = DirectOfStaged<Config>;
    static constexpr bool NEEDS_KEY = Direct::NEEDS_KEY;
    static constexpr u32 THREADS = Config::THREADS;
    using Winners = StagedWinners<Key, PLACES, NEEDS_KEY>;

    Direct direct;
    Winners& winners;
    u32 k;
    bool staged;  // else each winner is written as soon as it is known

    // Calls write(put) for many winners, with the `put` to call for each: the choice is made once.
    template <class Write>
    __device__ __forceinline__ void put_all(Write write) const {
        if (staged) {
            write([&](u32 slot, u32 column, auto key) { stage(slot, column, key); });
        } else {
            write([&](u32 slot, u32 column, auto key) { direct.put(slot, column, key); });
        }
    }

    // Takes one winner. key() gives its key, and is called only where it is used.
    template <class MakeKey>
    __device__ __forceinline__ void put(u32 slot, u32 column, MakeKey key) const {
        put_all([&](auto put) { put(slot, column, key); });
    }

    // Writes a place for which the row has no score. Precondition: winners are not staged.
    __device__ __forceinline__ void fill(u32 slot) const { direct.fill(slot); }

    // Writes the staged winners, and ends the row.
    template <class Team>
    __device__ __forceinline__ void finish(const Team& team) const {
        if (staged) {
            __syncthreads();
            for (u32 slot = threadIdx.x; slot < k; slot += THREADS) {
                direct.put(slot, winners.columns[slot], [&] {
                    if constexpr (NEEDS_KEY) {
                        return winners.keys[slot];
                    } else {
                        return Key(0);
                    }
                });
            }
        }
        direct.finish(team);
    }

    // Takes one winner. Precondition: winners are staged.
    template <class MakeKey>
    __device__ __forceinline__ void stage(u32 slot, u32 column, MakeKey key) const {
        winners.columns[slot] = column;
        if constexpr (NEEDS_KEY) {
            winners.keys[slot] = key();
        }
    }
};

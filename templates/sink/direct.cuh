// Hands each winner of a row to the output as soon as it is known.
//
// Scope: thread, but `finish`, which all threads of a team must reach, once a row. Shared memory: none.
// Barriers: those of the output's `finish`. Preconditions: slot < k; no slot is put or filled twice.
#pragma once
#include "../core/types.cuh"
#include "../row/row.cuh"
#include "team.cuh"

template <class Config, class To = typename Config::Output>
struct DirectSink {
    using Key = typename Config::Ordinal::Key;
    using Output = To;
    static constexpr bool DROPS = Config::Source::DROPS;
    static constexpr bool NEEDS_KEY = Output::NEEDS_KEY || DROPS;

    const LaunchArgs& args;
    u32 row;

    // Writes a winner; an element that the source drops is no winner, and its place is filled. key() gives
    // the key, and is called only where it is used.
    template <class MakeKey>
    __device__ __forceinline__ void put(u32 slot, u32 column, MakeKey key) const {
        Key known = 0;
        if constexpr (NEEDS_KEY) {
            known = key();
        }
        if constexpr (DROPS) {
            if (Row<Config>::is_absent(known)) {
                fill(slot);
                return;
            }
        }
        Output(args, row).write(slot, known, column);
    }

    // Writes a place for which the row has no score.
    __device__ __forceinline__ void fill(u32 slot) const { Output(args, row).fill(slot); }

    // Ends the row. All its winners are written, by threads of the team or before a barrier that orders them.
    template <class Team>
    __device__ __forceinline__ void finish(const Team& team) const {
        Output(args, row).finish(team);
    }
};

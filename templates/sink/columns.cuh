// Writes winners whose columns are written down. A thread asks for all that it needs for several winners, their columns,
// ids and values, before it waits for any of it.
//
// Scope: thread; each writes winners of its own. Shared memory: none of its own. Barriers: none.
// Preconditions: the columns were written before a barrier; `number` differs from thread to thread and is below STEP.
#pragma once
#include "../core/types.cuh"

// Writes the winners `number`, `number` + STEP and so on, below `winners`. Winner i has the slot `first` + i.
template <u32 STEP, class Output, class ColumnOf>
__device__ __forceinline__ void write_columns(const Output& output, u32 number, u32 first, u32 winners,
                                              ColumnOf column_of) {
    constexpr u32 DEPTH = 4;  // winners of a thread that are read at once
    for (u32 from = number; from < winners; from += DEPTH * STEP) {
        u32 columns[DEPTH];
        typename Output::Fetched fetched[DEPTH];
#pragma unroll
        for (u32 d = 0; d < DEPTH; ++d) {
            if (from + d * STEP < winners) {
                columns[d] = column_of(from + d * STEP);
            }
        }
#pragma unroll
        for (u32 d = 0; d < DEPTH; ++d) {
            if (from + d * STEP < winners) {
                fetched[d] = output.fetch(columns[d]);
            }
        }
#pragma unroll
        for (u32 d = 0; d < DEPTH; ++d) {
            if (from + d * STEP < winners) {
                output.write_fetched(first + from + d * STEP, columns[d], fetched[d]);
            }
        }
    }
}

// What every launch passes to its kernel.
//
// Scope: none (types only). Shared memory: none. Barriers: none.
#pragma once
#include "../ptx/integers.cuh"

// The host mirrors it field by field, and the text of each kernel asserts the places.
struct LaunchArgs {
    const void* scores;      // row r begins row_stride elements after row r - 1
    i64 row_stride;          // elements
    const i32* row_starts;   // ragged: first column of each row; null means 0
    const i32* row_lengths;  // ragged: columns of each row; null means up to the last
    void* indices;           // row r begins index_stride elements after row r - 1
    i64 index_stride;        // elements
    void* workspace;         // kernels that need one leave it ready for the next launch
    i32 columns;             // columns of a dense row, and the most of a ragged one
    i32 k;
    i64 rows;
};

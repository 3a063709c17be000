// The ordinals with a tie rule: of equal scores, the one at the lowest column is better, or the one at the
// highest. Keys are unique, so every launch selects the same columns.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none; every bit pattern has a key.
//
// A key has the key of the score in its upper half. Its lower half ranks the column: the column itself where
// the highest is best, else the complement of the column.
#pragma once
#include "ordinal.cuh"

template <class Dtype, bool LARGEST, bool NAN_HIGHEST, bool LOWEST>
struct ColumnOrdinal {
    using Bits = typename Dtype::Bits;
    using Scores = ScoreOrdinal<Dtype, LARGEST, NAN_HIGHEST>;
    using Key = u64;
    using Wide = u64;
    using ScoreKey = typename Scores::ScoreKey;
    using Stored = typename Scores::Key;
    static_assert(sizeof(ScoreKey) == sizeof(u32), "a score key is the upper half of a key");
    static constexpr bool USES_COLUMN = true;
    // Of equal scores, the first in the order of columns is the best, or the last.
    static constexpr bool IN_COLUMN_ORDER = true;
    static constexpr bool LOWEST_FIRST = LOWEST;

    static __device__ __forceinline__ Key key(Bits score, u32 column) {
        return at(Scores::key(score, column), column);
    }

    static __device__ __forceinline__ ScoreKey score_key(Wide key) { return ScoreKey(key >> 32); }
    static __device__ __forceinline__ Wide lowest_of(ScoreKey key) { return u64(key) << 32; }
    static __device__ __forceinline__ Wide greatest_of(ScoreKey key) { return lowest_of(key) | 0xFFFFFFFFu; }
    static __device__ __forceinline__ Stored stored(Key key) { return Stored(score_key(key)); }
    static __device__ __forceinline__ Key restored(Stored key, u32 column) { return at(key, column); }

    // The key of a score key at a column.
    static __device__ __forceinline__ Wide at(ScoreKey key, u32 column) {
        return lowest_of(key) | (LOWEST ? ~column : column);
    }

    // The first key from a key on, and the last up to it, that a row of so many columns can have.
    // Precondition: the row has one there.
    static __device__ __forceinline__ Wide first_from(Wide key, u32 columns) {
        const ScoreKey score = score_key(key);
        if constexpr (LOWEST) {
            return lowest_of(score) | max(u32(key), 0u - columns);
        } else {
            return u32(key) < columns ? key : lowest_of(score + 1);
        }
    }
    static __device__ __forceinline__ Wide last_to(Wide key, u32 columns) {
        const ScoreKey score = score_key(key);
        if constexpr (LOWEST) {
            return u32(key) >= 0u - columns ? key : greatest_of(score - 1);
        } else {
            return lowest_of(score) | min(u32(key), columns - 1);
        }
    }

    using Entry = u64;
    static __device__ __forceinline__ Entry entry(Wide key, u32) { return key; }
    static __device__ __forceinline__ Wide key_of(Entry entry) { return entry; }
    static __device__ __forceinline__ u32 column_of(Entry entry) { return LOWEST ? ~u32(entry) : u32(entry); }
};

// A winner among the candidates of shards in the order of its score, and of its rank where scores are equal; or in the
// order of its rank alone. See `sharded.cuh` for ranks.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none.
#pragma once
#include "../core/types.cuh"
#include "sorted.cuh"

template <class ScoreKey, class Rank, bool BY_VALUE>
struct RankedEntry {
    using Word = u64;
    Rank rank;
    ScoreKey key;  // the better, the less
    u32 column;

    template <class Row>
    static __device__ __forceinline__ RankedEntry of(const Row& row, ScoreKey score_key, u32 column) {
        return {row.rank(column), ScoreKey(~score_key), column};
    }
    // A word has the score, and the rank where there is room for both: else equal scores share a bucket.
    __device__ __forceinline__ Word word(u32) const {
        if constexpr (sizeof(ScoreKey) + sizeof(Rank) <= sizeof(Word)) {
            return Word(key) << 32 | rank;
        } else {
            return key;
        }
    }
    __device__ __forceinline__ bool precedes(const RankedEntry& other) const {
        return key != other.key    ? key < other.key
               : rank != other.rank ? rank < other.rank
                                    : column < other.column;
    }
};

template <class ScoreKey, class Rank>
struct RankedEntry<ScoreKey, Rank, false> {
    using Word = Rank;
    Rank rank;
    u32 column;

    template <class Row>
    static __device__ __forceinline__ RankedEntry of(const Row& row, ScoreKey, u32 column) {
        return {row.rank(column), column};
    }
    __device__ __forceinline__ Word word(u32) const { return rank; }
    __device__ __forceinline__ bool precedes(const RankedEntry& other) const {
        return rank != other.rank ? rank < other.rank : column < other.column;
    }
};

template <class Config, class ScoreKey, bool BY_VALUE>
struct EntryOf<Config, ScoreKey, BY_VALUE, true> {
    using Type = RankedEntry<ScoreKey, typename Config::Source::Rank, BY_VALUE>;
};

// The source of rows whose elements are the candidates of several shards, as an all-gather leaves them: a matrix for
// each shard, of as many rows, and of as many columns as a shard has room for.
//
// Column c of a row is candidate c % width of shard c / width. A shard has as many candidates of a row as its count
// says, from 0 to the width; what is behind them is not read. Ties, and winners in the order of indices, go by the ids
// of the candidates where the launch gives ids, else by the columns.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: the launch's columns are a multiple of the width.
#pragma once
#include "../core/types.cuh"
#include "source.cuh"

// The type in which ids are compared, and what an id of a type is there: signed ids move up by half the range.
template <class Id>
struct IdRank {
    using Type = u32;
    static constexpr Type SIGN = 0;
};
template <>
struct IdRank<i32> {
    using Type = u32;
    static constexpr Type SIGN = 1u << 31;
};
template <>
struct IdRank<i64> {
    using Type = u64;
    static constexpr Type SIGN = u64(1) << 63;
};

// Candidates without ids.
struct NoIds {};

// `Base` gives the scores.
template <class Base, class Args, class Id = NoIds>
struct ShardedSource : Base {
    using Rank = typename IdRank<Id>::Type;

    const Args& all;
    u32 row_index;
    u32 width;  // candidates that a shard has room for

    __device__ __forceinline__ ShardedSource(const LaunchArgs& args, u32 row)
        : Base(args, row), all(reinterpret_cast<const Args&>(args)), row_index(row), width(u32(all.key_shard_width)) {}

    // From 0 on, so many columns as there are candidates; the columns themselves have gaps.
    static __device__ __forceinline__ RowSpan row(const LaunchArgs& args, u32 row) {
        const ShardedSource source(args, row);
        u32 candidates = 0;
        for (u32 shard = 0; shard < source.shards(); ++shard) {
            candidates += source.count(shard);
        }
        return RowSpan::of(args, 0, i32(candidates));
    }

    __device__ __forceinline__ u32 shards() const { return width == 0 ? 0 : u32(all.core.columns) / width; }

    // The candidates of the row that a shard has.
    __device__ __forceinline__ u32 count(u32 shard) const {
        if (all.key_shard_counts == nullptr) {
            return width;
        }
        const i32 count = __ldg(all.key_shard_counts + i64(shard) * all.key_shard_count_stride + row_index);
        return u32(min(max(count, 0), i32(width)));
    }

    // Elements from the row's first one of the first shard to that of a column.
    __device__ __forceinline__ i64 place(u32 column) const {
        return i64(column / width) * all.key_shard_stride + column % width;
    }

    // The id of a candidate.
    __device__ __forceinline__ Id id(u32 column) const {
        const Id* ids = static_cast<const Id*>(all.key_ids) + i64(row_index) * all.key_id_stride;
        return __ldg(ids + i64(column / width) * all.key_shard_id_stride + column % width);
    }

    // What ties go by: a greater id has a greater rank.
    __device__ __forceinline__ Rank rank(u32 column) const {
        if constexpr (sizeof(Id) == sizeof(NoIds)) {
            return column;
        } else {
            return Rank(id(column)) ^ IdRank<Id>::SIGN;
        }
    }

    // Calls visit(number, column) for each candidate, of which each of `threads` threads takes its share.
    template <class Visit>
    __device__ __forceinline__ void for_each_column(u32 threads, Visit visit) const {
        u32 first = 0;  // of the shard
        for (u32 shard = 0; shard < shards(); ++shard) {
            const u32 candidates = count(shard);
            for (u32 at = threadIdx.x; at < candidates; at += threads) {
                visit(first + at, shard * width + at);
            }
            first += candidates;
        }
    }
};

template <class Base, class Args, class Id>
struct IsSharded<ShardedSource<Base, Args, Id>> {
    static constexpr bool VALUE = true;
};

// Takes ties by their ranks: `select/ties_by_id.cuh`.
template <class Config>
struct TiesByRank;

// The ordinal of a tie rule: keys are those of the score alone, and a kernel that finds more ties of the last winner
// than it wants takes them by their ranks.
template <class Dtype, bool LARGEST, bool NAN_HIGHEST, bool LOWEST>
struct TiesById : ScoreOrdinal<Dtype, LARGEST, NAN_HIGHEST> {
    static constexpr bool IN_COLUMN_ORDER = true;
    static constexpr bool LOWEST_FIRST = LOWEST;
    template <class Config>
    using Settle = TiesByRank<Config>;
};

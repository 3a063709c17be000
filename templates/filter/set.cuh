// Shares the candidates of a row among the warps of a CTA.
//
// The candidates are in segments of keys and columns, one for each CTA that filtered a part of the row, in
// shared memory or in the workspace. Warps share a segment, or take several.
//
// Scope: warp; all 32 lanes call. Shared memory: none of its own. Barriers: none; the caller places one
// after the candidates are written.
#pragma once
#include "../core/types.cuh"

// A few candidates of each lane of a warp.
template <class Wide>
struct CandidateBatch {
    static constexpr u32 DEPTH = 4;
    const u32* columns;
    u32 at;
    u32 step;
    u32 end;
    Wide keys[DEPTH];

    __device__ __forceinline__ bool has(u32 d) const { return at + d * step < end; }
    __device__ __forceinline__ u32 column(u32 d) const { return columns[at + d * step]; }
};

template <class Ordinal, u32 WARPS>
struct CandidateSet {
    using Key = typename Ordinal::Key;
    using Stored = typename Ordinal::Stored;
    using Wide = typename Ordinal::Wide;
    using Batch = CandidateBatch<Wide>;

    const Stored* keys;
    const u32* columns;
    const u32* sizes;  // of the segments
    u32 share;         // places of each segment
    u32 segments;
    u32 first;   // segment of this warp
    u32 number;  // of this warp, among the warps that share the segment
    u32 step;    // lanes of the warps that share a segment

    // Keys of the score alone need no columns.
    static __device__ __forceinline__ CandidateSet of(const Stored* keys, const u32* sizes, u32 share,
                                                      u32 segments) {
        return of(keys, nullptr, sizes, share, segments);
    }
    static __device__ __forceinline__ CandidateSet of(const Stored* keys, const u32* columns,
                                                      const u32* sizes, u32 share, u32 segments) {
        const u32 warp = threadIdx.x / WARP_SIZE;
        const u32 sharing = max(WARPS / segments, 1u);
        const u32 number = warp / segments;
        const u32 first = number < sharing ? warp % segments : segments;
        return {keys, columns, sizes, share, segments, first, number, sharing * WARP_SIZE};
    }

    // Calls visit(batch) for the candidates of this warp, all lanes together.
    template <class Visit>
    __device__ __forceinline__ void for_each_batch(Visit visit) const {
        Batch batch;
        batch.step = step;
        for (u32 segment = first; segment < segments; segment += WARPS) {
            const Stored* from = keys + segment * share;
            batch.columns = columns + segment * share;
            batch.end = sizes[segment];
#pragma unroll 1
            for (u32 at = number * WARP_SIZE; at < batch.end; at += batch.DEPTH * step) {
                batch.at = at + threadIdx.x % WARP_SIZE;
#pragma unroll
                for (u32 d = 0; d < batch.DEPTH; ++d) {
                    const u32 place = batch.at + d * step;
                    batch.keys[d] = batch.has(d) ? Ordinal::restored(from[place], batch.columns[place]) : Key(0);
                }
                visit(batch);
            }
        }
    }

    // Searches the keys for the key of the last wanted, as of `CutSearch::find`.
    template <class Search>
    static __device__ __forceinline__ void cut(Search& search, const Stored* keys, const u32* columns,
                                               const u32* sizes, u32 share, u32 segments, u32 wanted,
                                               Wide least, Wide greatest, Wide boundary) {
        if constexpr (Ordinal::USES_COLUMN) {
            Search::template find<CandidateSet>(search, keys, sizes, share, segments, wanted, least, greatest,
                                                boundary, columns);
        } else {
            Search::template find<CandidateSet>(search, keys, sizes, share, segments, wanted, least, greatest,
                                                boundary);
        }
    }

    // Calls visit(key) for the candidates of this thread.
    template <class Visit>
    __device__ __forceinline__ void for_each_key(Visit visit) const {
        for_each_batch([&](const Batch& batch) {
#pragma unroll
            for (u32 d = 0; d < Batch::DEPTH; ++d) {
                if (batch.has(d)) {
                    visit(batch.keys[d]);
                }
            }
        });
    }
};

// The part of the input that one row owns, and the scores and keys of its elements.
//
// Scope: thread (every thread of a CTA computes the same). Shared memory: none. Barriers: none.
// Precondition: row < rows of the launch. Whatever the source says of starts and lengths, the
// row stays within [0, columns): a start or a length out of range is clamped to it.
#pragma once
#include "../core/types.cuh"
#include "../ptx/purity.cuh"
#include "../score/source.cuh"

// The keys of a row's elements, and its source, which takes no place if it has no members.
template <class Config>
struct RowKeys : Config::Source {
    using Source = typename Config::Source;
    using Element = typename Source::Element;
    using Bits = typename Source::Score::Bits;  // of a score
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;

    RowKeys() = default;
    __device__ __forceinline__ explicit RowKeys(const Source& source) : Source(source) {}

    // The score of an element. The interpreter compares it with what the source gave before.
    __device__ __forceinline__ Bits score(Element element, u32 column) const {
        const Bits score = Source::score(element, column);
        if constexpr (!Source::IDENTITY) {
            source_gave_score(column, element, score);
        }
        return score;
    }

    // Whether the source keeps an element.
    __device__ __forceinline__ bool keep(u32 column) const {
        const bool keep = Source::keep(column);
        if constexpr (Source::DROPS) {
            source_keeps(column, keep);
        }
        return keep;
    }

    // The key of a score. Only elements that the source drops have the score key 0. Keys that use the column
    // stay unique: the column's part is that of the score's own key.
    __device__ __forceinline__ Key key(Bits score, u32 column) const {
        const Key key = Ordinal::key(score, column);
        if constexpr (Source::DROPS) {
            static_assert(!Source::Score::IS_INTEGER, "no key is below that of the least integer");
            const auto score_key = Ordinal::score_key(key);
            if (!keep(column)) {
                return Key(key - Ordinal::lowest_of(score_key));
            }
            return score_key != 0 ? key : Key(key - Ordinal::lowest_of(0) + Ordinal::lowest_of(1));
        } else {
            return key;
        }
    }

    // Whether a key is of an element that the source drops.
    static __device__ __forceinline__ bool is_absent(Key key) { return Ordinal::score_key(key) == 0; }

    // The key of an element.
    __device__ __forceinline__ Key key_of(Element element, u32 column) const {
        return key(score(element, column), column);
    }
};

template <class Config>
struct Row : RowKeys<Config> {
    using typename RowKeys<Config>::Source;
    using typename RowKeys<Config>::Element;
    using typename RowKeys<Config>::Key;

    const Element* elements;
    u32 length;

    Row() = default;
    __device__ __forceinline__ Row(const Source& source, const Element* elements, u32 length)
        : RowKeys<Config>(source), elements(elements), length(length) {}

    // The address of an element.
    __device__ __forceinline__ const Element* at(u32 column) const {
        if constexpr (IsSharded<Source>::VALUE) {
            return elements + this->place(column);
        } else {
            return elements + column;
        }
    }

    __device__ __forceinline__ Key key_at(u32 column) const { return this->key_of(__ldg(at(column)), column); }
};

// How many winners of a row are selected: its own k where rows have one, at least 1 and at most the launch's. The
// output writes none of a row whose k is 0 or less.
template <class Config>
__device__ __forceinline__ u32 find_k(const LaunchArgs& args, u32 row) {
    if constexpr (Config::K_PER_ROW) {
        const i32 own = reinterpret_cast<const typename Config::Arguments&>(args).key_row_ks[row];
        return u32(min(max(own, 1), args.k));
    } else {
        return u32(args.k);
    }
}

template <class Config>
__device__ __forceinline__ Row<Config> find_row(const LaunchArgs& args, u32 row) {
    using Source = typename Config::Source;
    using Element = typename Source::Element;
    const Element* elements = static_cast<const Element*>(args.scores) + i64(row) * args.row_stride;
    const RowSpan span = Source::row(args, row);
    return {Source(args, row), elements + span.start, u32(span.length)};
}

// The part of the input that one row owns, and the scores and keys of its elements.
//
// Scope: thread (every thread of a CTA computes the same). Shared memory: none. Barriers: none.
// Precondition: row < rows of the launch. Whatever the source says of starts and lengths, the
// row stays within [0, columns): a start or a length out of range is clamped to it.
#pragma once
#include "../core/types.cuh"
#include "../score/source.cuh"

// The keys of a row's elements, and its source, which takes no place if it has no members.
template <class Config>
struct RowKeys : Config::Source {
    using Source = typename Config::Source;
    using Element = typename Source::Element;
    using Bits = typename Source::Score::Bits;  // of a score
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Source::keep;
    using Source::score;
    // The key of an element that the source drops; every other key is greater.
    static constexpr Key ABSENT = 0;

    RowKeys() = default;
    __device__ __forceinline__ explicit RowKeys(const Source& source) : Source(source) {}

    // The key of a score.
    __device__ __forceinline__ Key key(Bits score, u32 column) const {
        const Key key = Ordinal::key(score, column);
        if constexpr (Source::DROPS) {
            return keep(column) ? max(key, Key(1)) : ABSENT;
        } else {
            return key;
        }
    }

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

    __device__ __forceinline__ Key key_at(u32 column) const {
        return this->key_of(__ldg(elements + column), column);
    }
};

template <class Config>
__device__ __forceinline__ Row<Config> find_row(const LaunchArgs& args, u32 row) {
    using Source = typename Config::Source;
    using Element = typename Source::Element;
    const Element* elements = static_cast<const Element*>(args.scores) + i64(row) * args.row_stride;
    const RowSpan span = Source::row(args, row);
    return {Source(args, row), elements + span.start, u32(span.length)};
}

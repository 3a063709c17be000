// The output of a selector that declares more than bare columns of k winners a row: an order, ids, values, counts, a fill
// of its own, a mask, or a k of each row.
//
// Without an order, each winner's id and value are written as soon as it is known. With one, winners are first
// written as bare columns in the row's part of `indices`; when the row is finished, they are sorted and written
// anew. With a mask too, since only then is it known which places have no winner. A value is the element as stored. A key that is known tells it, but for zeros and NaN, which share keys:
// these are read again at the winner's column, as is every value whose key is not known.
//
// Scope: thread; each writes places of its own; `finish` is for the threads of a team, all of them. Shared memory: the
// room of a sort, if there is an order or a mask. Barriers: none without these; else those of `sorted.cuh`.
// Preconditions: slot < k; no slot is written twice; `Args` has the fields of what is declared.
#pragma once
#include "../core/types.cuh"
#include "../row/row.cuh"
#include "sorted.cuh"

enum class Order { UNSORTED, BY_VALUE, BY_INDEX };
// What is written for a winner.
enum class Ids { COLUMNS, GIVEN, AFFINE, PAGES, EMITTED };

// The variables of a kernel, and the room in which its output sorts: in their place once the CTA has selected, or
// after them where each warp ends on its own.
template <class Kernel, class Config, bool SORTS = Config::Output::SORTS, bool OF_WARPS = (Kernel::Team::TEAMS > 1)>
struct WithRoom {
    typename Kernel::Shared kernel;
};
template <class Kernel, class Config>
struct WithRoom<Kernel, Config, true, false> {
    union {
        typename Kernel::Shared kernel;
        // What the kernel keeps, then the room.
        alignas(16) u8 ended[Kernel::Team::ROOM_AT + sizeof(SortRoom<typename Config::Output::Entry>)];
    };
};
template <class Kernel, class Config>
struct WithRoom<Kernel, Config, true, true> {
    typename Kernel::Shared kernel;
    typename Config::Output::Entry room[2 * SortRoom<typename Config::Output::Entry>::PLACES];
};

template <class Config, class Args, class Dtype, class Index, bool KEYS_TELL = Config::KEYS_TELL_VALUES>
struct Outputs {
    using Source = typename Config::Source;
    using Element = typename Source::Element;
    // Winners that are staged are all written at once: then reading elements again costs less than staging keys.
    using Staged = Outputs<Config, Args, Dtype, Index, false>;
    // Where the source drops elements, they are known to be last only in a sorted row.
    static constexpr bool ORDERED = Config::ORDER != Order::UNSORTED;
    static constexpr bool SORTS = ORDERED || Config::MASKED || (Config::COUNTS && Source::DROPS);
    static constexpr bool NEEDS_KEY = Config::VALUES && KEYS_TELL && !SORTS;
    static constexpr bool BY_VALUE = Config::ORDER == Order::BY_VALUE;
    // Whether the column of a winner is all that is written for it.
    static constexpr bool IS_BARE = Config::IDS == Ids::COLUMNS && !Config::VALUES && !Config::RAW_COLUMNS;
    // Whether memory is read for a winner: for its id, or for its value where it is not at hand.
    static constexpr bool READS_IDS = !SORTS && !Source::DROPS && Config::IDS != Ids::COLUMNS && Config::IDS != Ids::AFFINE;
    static constexpr bool READS_VALUES = !SORTS && !Source::DROPS && Config::VALUES;
    using Entry = typename EntryOf<Config, typename Config::Ordinal::ScoreKey, BY_VALUE>::Type;
    // A place without a winner has a column from here on, another one each, so that entries are unique.
    static constexpr u32 NONE = 1u << 31;

    // What a winner's column tells: its id, and its value where values are declared.
    struct Fetched {
        Index id;
        Element value;
    };

    const LaunchArgs& args;
    u32 row;

    __device__ __forceinline__ Outputs(const LaunchArgs& args, u32 row) : args(args), row(row) {}

    // Writes one winner; columns count from the start of the row.
    template <class Key>
    __device__ __forceinline__ void write(u32 slot, Key key, u32 column) const {
        if (is_of_none(slot)) {
            return;
        }
        if constexpr (NEEDS_KEY) {
            write_id(slot, column, id_of(column));
            *value(slot) = element_of(Element(Config::Ordinal::score_key(key)), column);
        } else if constexpr (SORTS) {
            *place(slot) = static_cast<Index>(column);
        } else {
            write_whole(slot, column);
        }
    }

    // Writes one place for which the row has no score.
    __device__ __forceinline__ void fill(u32 slot) const {
        if (is_of_none(slot)) {
            return;
        }
        if constexpr (SORTS) {
            *place(slot) = static_cast<Index>(-1);
        } else {
            fill_whole(slot);
        }
    }

    // Ends the row: all winners are written, each by a thread that has passed a barrier of the team since, or by
    // one of the team.
    template <class Team>
    __device__ __forceinline__ void finish(const Team& team) const {
        if constexpr (SORTS) {
            SortedRow<Config, Team>::finish(args, row, team);
        } else {
            if (Config::COUNTS && team.rank() == 0) {
                const RowSpan span = Source::row(args, row);
                count(min(places(), u32(span.length)));
            }
            if constexpr (Config::K_PER_ROW) {
                for (u32 slot = places() + team.rank(); slot < u32(args.k); slot += Team::SIZE) {
                    fill_whole(slot);
                }
            }
        }
    }

    // The places of the row that winners may have.
    __device__ __forceinline__ u32 places() const {
        if constexpr (Config::K_PER_ROW) {
            return u32(min(max(all().key_row_ks[row], 0), args.k));
        } else {
            return u32(args.k);
        }
    }

    // Whether a place is one of a row that wants no winner: kernels select one even then.
    __device__ __forceinline__ bool is_of_none(u32 slot) const {
        return Config::K_PER_ROW && slot == 0 && places() == 0;
    }

    // The column of a place.
    __device__ __forceinline__ u32 column(u32 slot) const {
        const u32 column = u32(*place(slot));
        return Source::DROPS && column >= NONE ? NONE + slot : column;
    }

    // Writes the column of a place alone.
    __device__ __forceinline__ void write_column(u32 slot, u32 column) const {
        *place(slot) = Source::DROPS && column >= NONE ? static_cast<Index>(-1) : static_cast<Index>(column);
    }

    // Writes all of one winner.
    __device__ __forceinline__ void write_whole(u32 slot, u32 column) const {
        write_fetched(slot, column, fetch(column));
    }

    // Reads what is written for a winner.
    __device__ __forceinline__ Fetched fetch(u32 column) const {
        Fetched fetched = {id_of(column), 0};
        if constexpr (Config::VALUES) {
            fetched.value = element_at(column);
        }
        return fetched;
    }

    // Writes all of one winner, which was read.
    __device__ __forceinline__ void write_fetched(u32 slot, u32 column, const Fetched& fetched) const {
        write_id(slot, column, fetched.id);
        if constexpr (Config::VALUES) {
            *value(slot) = fetched.value;
        }
    }

    // Writes all of one place without a winner.
    __device__ __forceinline__ void fill_whole(u32 slot) const {
        if constexpr (Config::FILL_IS_GIVEN) {
            *place(slot) = static_cast<Index>(all().key_index_fill);
        } else {
            *place(slot) = static_cast<Index>(-1);
        }
        if constexpr (Config::RAW_COLUMNS) {
            *raw_column(slot) = -1;
        }
        if constexpr (Config::VALUES && Config::FILL_IS_GIVEN) {
            *value(slot) = static_cast<Element>(all().key_value_fill);
        } else if constexpr (Config::VALUES) {
            // The worst infinity, or without infinities the worst number.
            *value(slot) = Config::LARGEST ? Dtype::LEAST : Dtype::GREATEST;
        }
    }

    // Writes the number of winners, where it is declared.
    __device__ __forceinline__ void count(u32 winners) const {
        if constexpr (Config::COUNTS) {
            all().key_counts[row] = i32(winners);
        }
    }

   private:
    __device__ __forceinline__ void write_id(u32 slot, u32 column, Index id) const {
        *place(slot) = id;
        if constexpr (Config::RAW_COLUMNS) {
            *raw_column(slot) = i32(column);
        }
    }

    // What is written for a column of the row.
    __device__ __forceinline__ Index id_of(u32 column) const {
        if constexpr (Config::IDS == Ids::GIVEN) {
            // It lies beside the score.
            if constexpr (IsSharded<Source>::VALUE) {
                return Source(args, row).id(column);
            } else {
                const Index* ids = static_cast<const Index*>(all().key_ids) + i64(row) * all().key_id_stride;
                return __ldg(ids + Source::row(args, row).start + column);
            }
        } else if constexpr (Config::IDS == Ids::AFFINE) {
            const Index* offsets = static_cast<const Index*>(all().key_row_offsets);
            const i64 own = offsets == nullptr ? 0 : i64(__ldg(offsets + row));
            return static_cast<Index>(i64(column) * all().key_id_scale + all().key_id_offset + own);
        } else if constexpr (Config::IDS == Ids::PAGES) {
            const u32 shift = u32(all().key_page_shift);
            const i64 page = __ldg(all().key_pages + i64(row) * all().key_page_stride + (column >> shift));
            return static_cast<Index>(page << shift | (column & ((1u << shift) - 1)));
        } else if constexpr (Config::IDS == Ids::EMITTED) {
            return Config::Stages::emit(all(), i32(row), i32(column));
        } else {
            return static_cast<Index>(column);
        }
    }

    __device__ __forceinline__ Element element_at(u32 column) const {
        return __ldg(find_row<Config>(args, row).at(column));
    }

    // The element of a score key, which is the inverse of `ordered_key`.
    __device__ __forceinline__ Element element_of(Element score_key, u32 column) const {
        const Element key = Config::LARGEST ? score_key : Element(~score_key);
        const Element nan = Config::NAN_HIGHEST ? Element(~Element(0)) : Element(0);
        if (key == Dtype::SIGN || key == nan) {
            return element_at(column);
        }
        return key & Dtype::SIGN ? Element(key ^ Dtype::SIGN) : Element(~key);
    }

    __device__ __forceinline__ const Args& all() const { return reinterpret_cast<const Args&>(args); }

    __device__ __forceinline__ Index* place(u32 slot) const {
        return static_cast<Index*>(args.indices) + i64(row) * args.index_stride + slot;
    }

    __device__ __forceinline__ i32* raw_column(u32 slot) const {
        return all().key_raw_columns + i64(row) * all().key_raw_column_stride + slot;
    }

    __device__ __forceinline__ Element* value(u32 slot) const {
        return static_cast<Element*>(all().key_values) + i64(row) * all().key_value_stride + slot;
    }
};

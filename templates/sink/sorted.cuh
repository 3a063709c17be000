// Sorts the winners of a row, which are written as columns, and writes them in order with all that is declared.
//
// A CTA sorts up to PLACES winners in shared memory, by buckets. A warp compares up to 32 with each other, and
// sorts more by a bitonic network. More winners than places are sorted by the network where they are written; a CTA
// takes the steps over small distances in shared memory.
//
// Scope: the threads of a team; every one must call. Shared memory: `SortRoom`, in place of the kernel's own.
// Barriers: several of the team. Preconditions: blockDim.x == Config::THREADS; every winner of the row was written by
// a thread of the team, or before a barrier that orders it before this; nobody writes the row meanwhile.
#pragma once
#include "../core/range.cuh"
#include "../core/types.cuh"
#include "../row/row.cuh"
#include "bitonic.cuh"
#include "buckets.cuh"
#include "columns.cuh"

// The value of another lane.
template <class Value>
__device__ __forceinline__ Value from_lane(Value value, u32 lane) {
    return __shfl_sync(FULL_MASK, value, lane);
}

// A winner in the order of its score, and of its column where scores are equal.
template <class ScoreKey, bool BY_VALUE>
struct alignas(2 * sizeof(ScoreKey)) SortEntry {
    using Word = u64;
    ScoreKey key;  // the better, the less
    u32 column;

    template <class Row>
    static __device__ __forceinline__ SortEntry of(const Row&, ScoreKey score_key, u32 column) {
        return {ScoreKey(~score_key), column};
    }
    __device__ __forceinline__ SortEntry of_lane(u32 lane) const {
        return {from_lane(key, lane), from_lane(column, lane)};
    }
    // A word has no room for a column beside a key of 64 bits: then equal scores share a bucket.
    __device__ __forceinline__ Word word(u32 column_bits) const {
        if constexpr (sizeof(ScoreKey) < sizeof(Word)) {
            return Word(key) << column_bits | column;
        } else {
            return key;
        }
    }
    __device__ __forceinline__ bool precedes(const SortEntry& other) const {
        return key < other.key || (key == other.key && column < other.column);
    }
};

// A winner in the order of its column.
template <class ScoreKey>
struct SortEntry<ScoreKey, false> {
    using Word = u32;
    u32 column;

    template <class Row>
    static __device__ __forceinline__ SortEntry of(const Row&, ScoreKey, u32 column) {
        return {column};
    }
    __device__ __forceinline__ SortEntry of_lane(u32 lane) const { return {from_lane(column, lane)}; }
    __device__ __forceinline__ u32 word(u32) const { return column; }
    __device__ __forceinline__ bool precedes(const SortEntry& other) const { return column < other.column; }
};

// What winners are sorted as. Candidates of shards have entries of their own.
template <class Config, class ScoreKey, bool BY_VALUE, bool SHARDED = IsSharded<typename Config::Source>::VALUE>
struct EntryOf {
    using Type = SortEntry<ScoreKey, BY_VALUE>;
};

// What the threads of a CTA sort in together. Its warps, each on its own, share twice as many entries.
template <class Entry>
struct SortRoom {
    static constexpr u32 PLACES = sizeof(Entry) > 16 ? 1024 : 2048;
    BucketSort<Entry, PLACES> block;
};

template <class Config, class Team>
struct SortedRow {
    using Output = typename Config::Output;
    using Entry = typename Output::Entry;
    using Room = SortRoom<Entry>;
    static constexpr bool OF_BLOCK = Team::TEAMS == 1;
    static constexpr u32 PLACES = OF_BLOCK ? Room::PLACES : 2 * Room::PLACES / Team::TEAMS;
    static constexpr bool DROPS = Config::Source::DROPS;

    // The winners as they are written: columns.
    struct Written {
        using Fetched = typename Output::Fetched;
        const Output& output;
        const Row<Config>& row;

        __device__ __forceinline__ u32 column(u32 place) const { return output.column(place); }
        __device__ __forceinline__ Entry entry(u32 column) const {
            if constexpr (!Output::BY_VALUE) {
                return Entry::of(row, 0, column);
            } else if (DROPS && column >= Output::NONE) {
                return Entry::of(row, 0, column);
            } else {
                return Entry::of(row, Config::Ordinal::score_key(row.key_at(column)), column);
            }
        }
        __device__ __forceinline__ Entry get(u32 place) const { return entry(column(place)); }
        __device__ __forceinline__ void put(u32 place, const Entry& entry) const {
            output.write_column(place, entry.column);
        }

        // Reads all that is written for a winner, and writes all of its place.
        __device__ __forceinline__ Fetched fetch(u32 column) const {
            return is_dropped(column) ? Fetched() : output.fetch(column);
        }
        __device__ __forceinline__ void write_fetched(u32 place, u32 column, const Fetched& fetched) const {
            if (is_dropped(column)) {
                output.fill_whole(place);
            } else {
                output.write_fetched(place, column, fetched);
            }
        }

       private:
        static __device__ __forceinline__ bool is_dropped(u32 column) {
            return DROPS && column >= Output::NONE;
        }
    };

    // Not inlined: the kernel's own steps have the registers that they have without it.
    static __device__ __noinline__ void finish(const LaunchArgs& args, u32 index, const Team& team) {
        sync_team(team);
        const Row<Config> row = find_row<Config>(args, index);
        const Output output(args, index);
        const u32 k = u32(args.k);
        const u32 winners = min(output.places(), row.length);
        count(output, team, winners);
        write_in_order({output, row}, team, winners);
        // Fill the places that are left.
        for (u32 place = winners + team.rank(); place < k; place += Team::SIZE) {
            output.fill_whole(place);
        }
    }

   private:
    // Writes the number of winners: of all that are written, those that the source did not drop.
    static __device__ __forceinline__ void count(const Output& output, const Team& team, u32 written) {
        if constexpr (DROPS && Config::COUNTS) {
            if (team.rank() < WARP_SIZE) {
                u32 own = 0;
                for (u32 place = team.rank(); place < written; place += WARP_SIZE) {
                    own += output.column(place) < Output::NONE;
                }
                const u32 winners = warp_sum(own);
                if (team.rank() == 0) {
                    output.count(winners);
                }
            }
            sync_team(team);  // the columns have been read
        } else if (team.rank() == 0) {
            output.count(written);
        }
    }

    static __device__ __forceinline__ void write_in_order(const Written& written, const Team& team,
                                                          u32 winners) {
        const auto write = [&](u32 place, const Entry& entry) {
            written.write_fetched(place, entry.column, written.fetch(entry.column));
        };
        if (winners == 0) {
            return;
        }
        if constexpr (!Output::ORDERED) {
            // Only places without a winner must be moved behind the others.
            bool dropped = false;
            for (u32 place = team.rank(); place < winners; place += Team::SIZE) {
                dropped |= written.column(place) >= Output::NONE;
            }
            if (!any_of_team(team, dropped)) {
                if constexpr (!Output::IS_BARE) {
                    write_whole(written, team, winners);
                }
                return;
            }
        }
        if (winners > PLACES) {
            // The room is too small: sort the winners where they are.
            if constexpr (OF_BLOCK) {
                sort_in_parts(written, team, winners);
            } else {
                sort_bitonic(team, written, winners);
                write_whole(written, team, winners);
            }
        } else if constexpr (OF_BLOCK) {
            Room& room = *static_cast<Room*>(team.room);
            const u32 column_bits = DROPS ? 32 : bit_width(written.row.length);
            room.block.sort(team, winners, column_bits, written);
        } else if (winners <= WARP_SIZE) {
            // Few winners: rank each among all.
            const u32 lane = team.rank();
            const Entry own = written.get(min(lane, winners - 1));
            u32 rank = 0;
            for (u32 other = 0; other < winners; ++other) {
                rank += own.of_lane(other).precedes(own);
            }
            sync_team(team);  // all have been read
            if (lane < winners) {
                write(rank, own);
            }
        } else {
            // Sort the winners in this warp's part of the room.
            const EntryPlaces<Entry> own = {static_cast<Entry*>(team.room) + team.number() * PLACES};
            for (u32 place = team.rank(); place < winners; place += Team::SIZE) {
                own.put(place, written.get(place));
            }
            sync_team(team);
            sort_bitonic(team, own, winners);
            for (u32 place = team.rank(); place < winners; place += Team::SIZE) {
                write(place, own.get(place));
            }
        }
    }

    // More winners than the room has places for buckets. Entries alone take less of it.
    static __device__ __forceinline__ void sort_in_parts(const Written& written, const Team& team, u32 winners) {
        constexpr u32 PART = 2 * PLACES * sizeof(Entry) <= sizeof(Room) ? 2 * PLACES : PLACES;
        const EntryPlaces<Entry> part = {static_cast<Entry*>(team.room)};
        sort_bitonic_in_parts<PART>(team, written, part, winners, [&](u32 place, const Entry& entry) {
            written.write_fetched(place, entry.column, written.fetch(entry.column));
        });
    }

    // Writes all of the winners, each where its column is.
    static __device__ __forceinline__ void write_whole(const Written& written, const Team& team, u32 winners) {
        write_columns<Team::SIZE>(written, team.rank(), 0, winners, [&](u32 place) { return written.column(place); });
    }
};

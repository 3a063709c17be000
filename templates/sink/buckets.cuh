// Sorts the entries of a CTA in shared memory: each goes to the bucket of its word, and is ranked among those there.
//
// A word has the score and then the column, so that equal scores have buckets of their own, but for scores of 64 bits,
// whose words have the score alone. The buckets divide the
// range from the first to the last word evenly. Where one of them has too many entries to rank, as where one score is
// far from the others, a bitonic network sorts them all. Source: bucket sort, as in Knuth, The Art of
// Computer Programming 3, 5.2.1; the words of the best of many scores are close to uniform.
//
// Scope: block; every thread must call. Shared memory: two entries for each of PLACES, or one where they are large, a
// word for each bucket, and less than 1 KB. Barriers: five, and those of the network if it is used.
// Preconditions: blockDim.x == THREADS; the memory is not used otherwise (a barrier); 1 <= count <= PLACES.
#pragma once
#include "../core/range.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "bitonic.cuh"

// What goes to a bucket: an entry, or the place of one that is large.
template <class Entry, bool LARGE = (sizeof(Entry) > 8)>
struct Moved {
    Entry entry;

    static __device__ __forceinline__ Moved of(const Entry& entry, u32) { return {entry}; }
    __device__ __forceinline__ const Entry& of_all(const Entry*) const { return entry; }
};
template <class Entry>
struct Moved<Entry, true> {
    u16 place;

    static __device__ __forceinline__ Moved of(const Entry&, u32 place) { return {u16(place)}; }
    __device__ __forceinline__ const Entry& of_all(const Entry* entries) const { return entries[place]; }
};

template <class Entry, u32 PLACES>
struct BucketSort {
    using Word = typename Entry::Word;
    static constexpr u32 BUCKET_BITS = 11;
    static constexpr u32 BUCKETS = 1u << BUCKET_BITS;
    static constexpr u32 RANKED = 48;  // the most entries of a bucket that are ranked
    using Range = ActiveRange<Word, BUCKET_BITS>;

    Entry given[PLACES];
    Moved<Entry> sorted[PLACES];
    u32 ends[BUCKETS];  // entries of each bucket, then its first place, then the place after its last
    u32 sums[WARP_SIZE];     // of each warp's buckets
    u32 largest[WARP_SIZE];  // of each warp's buckets
    Word least[WARP_SIZE];
    Word greatest[WARP_SIZE];

    // Sorts `count` winners: `winners.column(number)` and then `winners.entry(column)` read one, and
    // `winners.fetch(column)` reads what `winners.write_fetched(place, column, fetched)` writes. Each is called for DEPTH
    // winners of a thread before the next, so that no winner waits for another's memory. Columns have up to
    // `column_bits` bits.
    template <class Team, class Winners>
    __device__ __forceinline__ void sort(const Team& team, u32 count, u32 column_bits, const Winners& winners) {
        constexpr u32 THREADS = Team::SIZE;
        constexpr u32 WARPS = THREADS / WARP_SIZE;
        const u32 lane = threadIdx.x % WARP_SIZE;
        const u32 warp = threadIdx.x / WARP_SIZE;
        // Read the entries, and find the range of their words.
        Word low = ~Word(0);
        Word high = 0;
        for (u32 from = threadIdx.x; from < count; from += DEPTH * THREADS) {
            u32 columns[DEPTH];
            Entry entries[DEPTH];
            for_each_of(from, THREADS, count, [&](u32 d, u32 i) { columns[d] = winners.column(i); });
            for_each_of(from, THREADS, count, [&](u32 d, u32) { entries[d] = winners.entry(columns[d]); });
            for_each_of(from, THREADS, count, [&](u32 d, u32 i) {
                given[i] = entries[d];
                low = min(low, entries[d].word(column_bits));
                high = max(high, entries[d].word(column_bits));
            });
        }
        low = warp_least(low);
        high = warp_greatest(high);
        if (lane == 0) {
            least[warp] = low;
            greatest[warp] = high;
        }
        for (u32 bucket = threadIdx.x; bucket < BUCKETS; bucket += THREADS) {
            ends[bucket] = 0;
        }
        __syncthreads();
        low = warp_least(lane < WARPS ? least[lane] : ~Word(0));
        high = warp_greatest(lane < WARPS ? greatest[lane] : Word(0));
        const Range range = Range::between(low, high);
        // Count the entries of each bucket.
        for (u32 i = threadIdx.x; i < count; i += THREADS) {
            atomicAdd(&ends[range.digit(given[i].word(column_bits))], 1u);
        }
        __syncthreads();
        // Find the first place of each bucket, and the largest bucket.
        constexpr u32 EACH = BUCKETS / THREADS;
        u32 own = 0;
        u32 most = 0;
#pragma unroll
        for (u32 b = 0; b < EACH; ++b) {
            const u32 entries = ends[threadIdx.x * EACH + b];
            own += entries;
            most = max(most, entries);
        }
        most = warp_greatest(most);
        const u32 through = warp_sum_through(own, lane);
        if (lane == WARP_SIZE - 1) {
            sums[warp] = through;
            largest[warp] = most;
        }
        __syncthreads();
        if (warp_greatest(lane < WARPS ? largest[lane] : 0) > RANKED) {
            const EntryPlaces<Entry> places = {given};
            sort_bitonic(team, places, count);
            write<THREADS>(winners, count, [&](u32 i) { return i; }, [&](u32 i) { return given[i]; });
            return;
        }
        u32 place = through - own + warp_sum(lane < warp ? sums[lane] : 0);
#pragma unroll
        for (u32 b = 0; b < EACH; ++b) {
            u32& end = ends[threadIdx.x * EACH + b];
            const u32 entries = end;
            end = place;
            place += entries;
        }
        __syncthreads();
        // Move each entry to its bucket.
        for (u32 i = threadIdx.x; i < count; i += THREADS) {
            const Entry entry = given[i];
            sorted[atomicAdd(&ends[range.digit(entry.word(column_bits))], 1u)] = Moved<Entry>::of(entry, i);
        }
        __syncthreads();
        // Rank each among the entries of its bucket, and write it.
        const auto entry_at = [&](u32 i) { return sorted[i].of_all(given); };
        const auto place_of = [&](u32 i) {
            const Entry entry = entry_at(i);
            const u32 bucket = range.digit(entry.word(column_bits));
            const u32 first = bucket == 0 ? 0 : ends[bucket - 1];
            const u32 end = ends[bucket];
            u32 rank = first;
            for (u32 other = first; other < end; ++other) {
                rank += entry_at(other).precedes(entry);
            }
            return rank;
        };
        write<THREADS>(winners, count, place_of, entry_at);
    }

   private:
    static constexpr u32 DEPTH = sizeof(Entry) > 4 ? 4 : 1;  // nothing is read for a column alone

    // Calls visit(d, i) for up to DEPTH numbers of a thread.
    template <class Visit>
    static __device__ __forceinline__ void for_each_of(u32 from, u32 step, u32 count, Visit visit) {
#pragma unroll
        for (u32 d = 0; d < DEPTH; ++d) {
            if (from + d * step < count) {
                visit(d, from + d * step);
            }
        }
    }

    template <u32 THREADS, class Winners, class PlaceOf, class EntryAt>
    static __device__ __forceinline__ void write(const Winners& winners, u32 count, PlaceOf place_of, EntryAt entry_at) {
        for (u32 from = threadIdx.x; from < count; from += DEPTH * THREADS) {
            typename Winners::Fetched fetched[DEPTH];
            for_each_of(from, THREADS, count, [&](u32 d, u32 i) { fetched[d] = winners.fetch(entry_at(i).column); });
            for_each_of(from, THREADS, count, [&](u32 d, u32 i) {
                winners.write_fetched(place_of(i), entry_at(i).column, fetched[d]);
            });
        }
    }
};

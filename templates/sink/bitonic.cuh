// Sorts any number of entries in place, the best first.
//
// A bitonic network whose comparators all point the same way: the first step of each merge compares an entry with
// its mirror image, and a comparator whose second entry is beyond the end does nothing. So no place is padded.
// Source: Batcher, "Sorting networks and their applications", AFIPS 1968.
//
// Scope: the threads of a team; every one must call. Shared memory: the places, if they are there. Barriers: one of
// the team after each step, and two more for each part. Precondition: the entries are written (a barrier of the team).
#pragma once
#include "../core/types.cuh"

// A barrier of the team.
template <class Team>
__device__ __forceinline__ void sync_team(const Team&) {
    if constexpr (Team::TEAMS == 1) {
        __syncthreads();
    } else {
        __syncwarp();
    }
}

// Whether a condition holds in any thread of the team.
template <class Team>
__device__ __forceinline__ bool any_of_team(const Team&, bool condition) {
    if constexpr (Team::TEAMS == 1) {
        return __syncthreads_or(condition);
    } else {
        return __any_sync(FULL_MASK, condition);
    }
}

// Entries in shared memory.
template <class Entry>
struct EntryPlaces {
    Entry* entries;

    __device__ __forceinline__ Entry get(u32 place) const { return entries[place]; }
    __device__ __forceinline__ void put(u32 place, const Entry& entry) const { entries[place] = entry; }
};

// Puts the better of two entries first, if there is a second one.
template <class Places>
__device__ __forceinline__ void compare_places(const Places& places, u32 upper, u32 lower, u32 count) {
    if (lower < count) {
        const auto first = places.get(upper);
        const auto second = places.get(lower);
        if (second.precedes(first)) {
            places.put(upper, second);
            places.put(lower, first);
        }
    }
}

// The first step that merges runs of `half` entries: mirror images.
template <class Team, class Places>
__device__ __forceinline__ void compare_mirrored(const Team& team, const Places& places, u32 half, u32 count) {
    for (u32 pair = team.rank(); pair / half * 2 * half + half < count; pair += Team::SIZE) {
        const u32 run = pair / half * 2 * half;
        compare_places(places, run + pair % half, run + 2 * half - 1 - pair % half, count);
    }
    sync_team(team);
}

// The steps after it, from a distance on down to another.
template <class Team, class Places>
__device__ __forceinline__ void compare_within(const Team& team, const Places& places, u32 from, u32 to, u32 count) {
    for (u32 distance = from; distance >= to; distance /= 2) {
        for (u32 pair = team.rank(); pair / distance * 2 * distance + distance < count; pair += Team::SIZE) {
            const u32 upper = pair / distance * 2 * distance + pair % distance;
            compare_places(places, upper, upper + distance, count);
        }
        sync_team(team);
    }
}

// `places.get(i)` gives the entry of a place, and `places.put(i, entry)` writes it; an entry says whether it
// `precedes` another.
template <class Team, class Places>
__device__ __forceinline__ void sort_bitonic(const Team& team, const Places& places, u32 count) {
    for (u32 half = 1; half < count; half *= 2) {
        compare_mirrored(team, places, half, count);
        compare_within(team, places, half / 2, 1, count);
    }
}

// Sorts entries in places that are slow to reach, PART of them at a time in shared memory: only steps over larger
// distances are taken where the entries are. The same network; `write(i, entry)` takes the place of the last
// `places.put(i, entry)`, and may write what `places.get(i)` reads.
//
// Preconditions: as of `sort_bitonic`; `part` has PART places, which nobody else uses (a barrier of the team).
template <u32 PART, class Team, class Places, class Part, class Write>
__device__ __forceinline__ void sort_bitonic_in_parts(const Team& team, const Places& places, const Part& part,
                                                      u32 count, Write write) {
    static_assert((PART & (PART - 1)) == 0, "the network's runs are whole parts, or lie in one");
    for (u32 half = PART / 2; half < count; half *= 2) {
        const bool runs = half >= PART;  // of sorted parts
        if (runs) {
            compare_mirrored(team, places, half, count);
            compare_within(team, places, half / 2, PART, count);
        }
        for (u32 first = 0; first < count; first += PART) {
            const u32 size = min(PART, count - first);
            for (u32 i = team.rank(); i < size; i += Team::SIZE) {
                part.put(i, places.get(first + i));
            }
            sync_team(team);
            if (runs) {
                compare_within(team, part, PART / 2, 1, size);
            } else {
                sort_bitonic(team, part, size);
            }
            for (u32 i = team.rank(); i < size; i += Team::SIZE) {
                if (2 * half < count) {
                    places.put(first + i, part.get(i));
                } else {
                    write(first + i, part.get(i));
                }
            }
            sync_team(team);
        }
    }
}

// Sorts any number of entries in place, the best first.
//
// A bitonic network whose comparators all point the same way: the first step of each merge compares an entry with
// its mirror image, and a comparator whose second entry is beyond the end does nothing. So no place is padded.
// Source: Batcher, "Sorting networks and their applications", AFIPS 1968.
//
// Scope: the threads of a team; every one must call. Shared memory: the places, if they are there. Barriers: one of
// the team after each step. Precondition: the entries are written (a barrier of the team).
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

// `places.get(i)` gives the entry of a place, and `places.put(i, entry)` writes it; an entry says whether it
// `precedes` another.
template <class Team, class Places>
__device__ __forceinline__ void sort_bitonic(const Team& team, const Places& places, u32 count) {
    const auto compare = [&](u32 upper, u32 lower) {
        if (lower < count) {
            const auto first = places.get(upper);
            const auto second = places.get(lower);
            if (second.precedes(first)) {
                places.put(upper, second);
                places.put(lower, first);
            }
        }
    };
    for (u32 half = 1; half < count; half *= 2) {
        // Merge runs of `half` entries: mirror images first.
        for (u32 pair = team.rank(); pair / half * 2 * half + half < count; pair += Team::SIZE) {
            const u32 run = pair / half * 2 * half;
            compare(run + pair % half, run + 2 * half - 1 - pair % half);
        }
        sync_team(team);
        for (u32 distance = half / 2; distance > 0; distance /= 2) {
            for (u32 pair = team.rank(); pair / distance * 2 * distance + distance < count; pair += Team::SIZE) {
                const u32 upper = pair / distance * 2 * distance + pair % distance;
                compare(upper, upper + distance);
            }
            sync_team(team);
        }
    }
}

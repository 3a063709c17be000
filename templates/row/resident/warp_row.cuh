// A row in the registers of one warp, as keys: it is loaded once, and then compared in registers.
//
// Scope: warp; each lane holds its share. Shared memory: none. Barriers: none.
// Preconditions: the row has at most 32 * ITEMS scores, aligned to their element; no thread writes the row
// while it is read.
// The lanes take pieces of the row in turn: a vector of up to 16 bytes, or all items of a lane if they are
// fewer. So a row of 32 * ITEMS scores fills every lane.
#pragma once
#include "../../core/types.cuh"
#include "../../ptx/reduce.cuh"
#include "../row.cuh"
#include "../vec_load.cuh"

template <class Config>
struct WarpRow : Row<Config> {
    using typename Row<Config>::Element;
    using Wide = typename Config::Ordinal::Wide;
    using Row<Config>::elements;
    using Row<Config>::length;
    static constexpr bool RAW = Config::Source::IDENTITY && !Config::Source::DROPS;
    static constexpr u32 ITEMS = Config::ITEMS;
    static constexpr u32 PIECE = Config::VEC_SIZE < ITEMS ? Config::VEC_SIZE : ITEMS;
    static constexpr u32 PIECES = ITEMS / PIECE;
    static constexpr u32 ALL = (1u << (ITEMS - 1) << 1) - 1;
    using Vector = ElementVector<Element, PIECE>;
    static_assert(ITEMS % PIECE == 0, "a lane holds whole pieces");
    static_assert(ITEMS <= 32, "the hits of a lane are the bits of a word");

    Wide keys[ITEMS];  // 0 in a place without a score
    u32 present;       // a bit for each item; the other places have no score
    u32 lane;

    __device__ __forceinline__ WarpRow(const Row<Config>& row, u32 lane)
        : Row<Config>(row), present(0), lane(lane) {
        const bool aligned = reinterpret_cast<u64>(elements) % Vector::WORD_BYTES == 0;
        Vector vectors[PIECES];
#pragma unroll
        for (u32 p = 0; p < PIECES; ++p) {
            const u32 first = column(p * PIECE);
            if (aligned && first + PIECE <= length) {
                vectors[p].load(elements + first);
                present |= ((1u << (PIECE - 1) << 1) - 1) << p * PIECE;
            } else {
#pragma unroll
                for (u32 i = 0; i < PIECE; ++i) {
                    vectors[p].elements[i] = 0;
                    if (first + i < length) {
                        vectors[p].elements[i] = __ldg(elements + first + i);
                        present |= 1u << (p * PIECE + i);
                    }
                }
            }
        }
        // A source of a program is asked for elements of the row alone. Other keys are made without a branch.
#pragma unroll
        for (u32 item = 0; item < ITEMS; ++item) {
            const bool has_key = RAW || (present >> item & 1);
            keys[item] = has_key ? Wide(this->key_of(vectors[item / PIECE].elements[item % PIECE], column(item))) : 0;
        }
        if (RAW && present != ALL) {
#pragma unroll
            for (u32 item = 0; item < ITEMS; ++item) {
                keys[item] = present >> item & 1 ? keys[item] : 0;
            }
        }
    }

    // The column of an item of this lane.
    __device__ __forceinline__ u32 column(u32 item) const {
        return (item / PIECE * WARP_SIZE + lane) * PIECE + item % PIECE;
    }

    // The greatest key of this lane.
    __device__ __forceinline__ Wide greatest() const {
        Wide greatest = keys[0];
#pragma unroll
        for (u32 item = 1; item < ITEMS; ++item) {
            greatest = max(greatest, keys[item]);
        }
        return greatest;
    }

    // The items of this lane whose keys are at least `key`: a bit for each.
    __device__ __forceinline__ u32 hits_from(Wide key) const {
        u32 hits = 0;
#pragma unroll
        for (u32 item = 0; item < ITEMS; ++item) {
            hits |= keys[item] >= key ? 1u << item : 0;
        }
        return hits & present;
    }

    // The least key of the row from `key` on, in every lane. Precondition: there is one, and key > 0.
    __device__ __forceinline__ Wide least_from(Wide key) const {
        Wide beyond = ~Wide(0);  // below `key` the difference wraps around, and is greater than any from it on
#pragma unroll
        for (u32 item = 0; item < ITEMS; ++item) {
            beyond = min(beyond, Wide(keys[item] - key));
        }
        return key + ~warp_greatest(Wide(~beyond));
    }

    // The greatest key of the row up to `key`, in every lane. Precondition: there is one, of a score.
    __device__ __forceinline__ Wide greatest_to(Wide key) const {
        Wide below = ~Wide(0);
#pragma unroll
        for (u32 item = 0; item < ITEMS; ++item) {
            below = min(below, Wide(key - keys[item]));
        }
        return key - ~warp_greatest(Wide(~below));
    }

    // Calls visit(place, column) once for every hit of the warp, in the lane of the hit; places count from 0.
    template <class Visit>
    __device__ __forceinline__ void for_each_hit(u32 hits, Visit visit) const {
        u32 place = 0;
        for (;;) {
            const u32 lanes = __ballot_sync(FULL_MASK, hits != 0);
            if (lanes == 0) {
                break;
            }
            if (hits != 0) {
                visit(place + __popc(lanes & ((1u << lane) - 1)), column(__ffs(hits) - 1));
            }
            hits &= hits - 1;
            place += __popc(lanes);
        }
    }
};

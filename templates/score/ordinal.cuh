// The ordinal: which key a score has. A greater key is better.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none; every bit pattern has a key.
//
// An ordinal has a type `Key` to store keys, and a type `Wide` of 32 or 64 bits to compute with them. Words
// of scores are compared without the column. So an ordinal also has score keys: the part of a key that the
// score alone decides, in the order of the keys. If keys use the column, they are unique, and a score key
// stands for a range of keys; else a score key stands for one key. Beside its column a key is stored as its
// score key, in the type `Stored`. `score/ties.cuh` has the ordinals whose keys use the column, and
// `score/ties_in_order.cuh` those with a tie rule whose keys cannot.
#pragma once
#include "dtypes.cuh"

// The key of a score: greater scores have greater keys, -0 and +0 share one, and every NaN of
// either sign has the greatest key or the least. No finite or infinite float has those two keys.
template <class Dtype, bool NAN_HIGHEST>
__device__ __forceinline__ typename Dtype::Bits ordered_key(typename Dtype::Bits bits) {
    using Bits = typename Dtype::Bits;
    if constexpr (Dtype::IS_INTEGER) {
        return bits ^ Dtype::SIGN;
    }
    const Bits magnitude = bits & static_cast<Bits>(~Dtype::SIGN);
    if (magnitude > Dtype::INFINITE) {
        return NAN_HIGHEST ? static_cast<Bits>(~Bits(0)) : Bits(0);
    }
    if (magnitude == 0) {
        return Dtype::SIGN;
    }
    return (bits & Dtype::SIGN) ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | Dtype::SIGN);
}

// The type to compute with keys in.
template <class Key>
struct WideKey {
    using Type = u32;
};
template <>
struct WideKey<u64> {
    using Type = u64;
};

// Keys of the score alone: equal scores have equal keys, and any of them may win.
template <class Dtype, bool LARGEST, bool NAN_HIGHEST>
struct ScoreOrdinal {
    using Bits = typename Dtype::Bits;
    using Key = Bits;
    using Wide = typename WideKey<Key>::Type;
    using ScoreKey = Wide;
    using Stored = Key;
    static constexpr bool USES_COLUMN = false;
    static constexpr bool IN_COLUMN_ORDER = false;

    static __device__ __forceinline__ Key key(Bits score, u32) {
        const Key key = ordered_key<Dtype, NAN_HIGHEST>(score);
        return LARGEST ? key : static_cast<Key>(~key);
    }

    // The part of a key that the score decides, and the lowest and the greatest key of that part.
    static __device__ __forceinline__ ScoreKey score_key(Wide key) { return key; }
    static __device__ __forceinline__ Wide lowest_of(ScoreKey key) { return key; }
    static __device__ __forceinline__ Wide greatest_of(ScoreKey key) { return key; }

    // A key as it is stored beside its column, and back.
    static __device__ __forceinline__ Stored stored(Key key) { return key; }
    static __device__ __forceinline__ Key restored(Stored key, u32) { return key; }

    // An entry: a key and its column in one value of 64-bit words. Entries are unique, and the better is the
    // greater.
    using Entry = u64;
    static __device__ __forceinline__ Entry entry(Wide key, u32 column) {
        static_assert(sizeof(Wide) == sizeof(u32), "an entry has room for a key of 32 bits");
        return u64(key) << 32 | column;
    }
    static __device__ __forceinline__ Wide key_of(Entry entry) { return u32(entry >> 32); }
    static __device__ __forceinline__ u32 column_of(Entry entry) { return u32(entry); }
};

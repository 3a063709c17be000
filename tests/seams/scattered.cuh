// An ordinal: of equal scores, the one whose column is greater after a multiplication by an odd number is better.
// Keys are unique, so every launch selects the same columns, in no order of columns. Keys are stored whole.
template <class Dtype, bool LARGEST, bool NAN_HIGHEST>
struct Scattered {
    using Key = u64;  // the key of the score, and below it the column's rank
    using Wide = u64;
    using ScoreKey = u32;
    using Stored = u64;
    static constexpr bool USES_COLUMN = true;
    static constexpr bool IN_COLUMN_ORDER = false;
    static constexpr u32 FACTOR = 0x9E3779B1u;
    static constexpr u32 INVERSE = 0x0E8B2F51u;

    static __device__ __forceinline__ Key key(typename Dtype::Bits score, u32 column) {
        return at(ScoreOrdinal<Dtype, LARGEST, NAN_HIGHEST>::key(score, column), column);
    }

    static __device__ __forceinline__ ScoreKey score_key(Wide key) { return u32(key >> 32); }
    static __device__ __forceinline__ Wide lowest_of(ScoreKey key) { return u64(key) << 32; }
    static __device__ __forceinline__ Wide greatest_of(ScoreKey key) { return lowest_of(key) | 0xFFFFFFFFu; }
    static __device__ __forceinline__ Wide at(ScoreKey key, u32 column) { return lowest_of(key) | column * FACTOR; }
    static __device__ __forceinline__ Stored stored(Key key) { return key; }
    static __device__ __forceinline__ Key restored(Stored key, u32) { return key; }

    // Each key may be of some column.
    static __device__ __forceinline__ Wide first_from(Wide key, u32) { return key; }
    static __device__ __forceinline__ Wide last_to(Wide key, u32) { return key; }

    using Entry = u64;
    static __device__ __forceinline__ Entry entry(Wide key, u32) { return key; }
    static __device__ __forceinline__ Wide key_of(Entry entry) { return entry; }
    static __device__ __forceinline__ u32 column_of(Entry entry) { return u32(entry) * INVERSE; }
};

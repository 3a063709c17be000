// An ordinal: of equal scores, the one at the lower column is better. Keys are unique, so every launch selects
// the same columns.
template <class Dtype, bool LARGEST, bool NAN_HIGHEST>
struct LowestColumnFirst {
    using Key = u64;  // the key of the score, and below it the complement of the column
    using Wide = u64;
    using ScoreKey = u32;
    static constexpr bool USES_COLUMN = true;

    static __device__ __forceinline__ Key key(typename Dtype::Bits score, u32 column) {
        return lowest_of(ScoreOrdinal<Dtype, LARGEST, NAN_HIGHEST>::key(score, column)) | u32(~column);
    }

    static __device__ __forceinline__ ScoreKey score_key(Wide key) { return u32(key >> 32); }
    static __device__ __forceinline__ Wide lowest_of(ScoreKey key) { return u64(key) << 32; }
    static __device__ __forceinline__ Wide greatest_of(ScoreKey key) { return lowest_of(key) | 0xFFFFFFFFu; }

    using Entry = u64;
    static __device__ __forceinline__ Entry entry(Wide key, u32) { return key; }
    static __device__ __forceinline__ Wide key_of(Entry entry) { return entry; }
    static __device__ __forceinline__ u32 column_of(Entry entry) { return ~u32(entry); }
};

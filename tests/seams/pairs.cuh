// An output: the key and the column of each winner, as two words of 64 bits.
//
// Fields: `pairs`, and `pairs_stride`, the pairs from one row to the next.
struct Pairs {
    static constexpr bool NEEDS_KEY = true;
    static constexpr bool SORTS = false;
    static constexpr bool READS_IDS = false;
    static constexpr bool READS_VALUES = false;
    using Staged = Pairs;

    const LaunchArgs& args;
    u32 row;

    __device__ __forceinline__ Pairs(const LaunchArgs& args, u32 row) : args(args), row(row) {}

    template <class Key>
    __device__ __forceinline__ void write(u32 slot, Key key, u32 column) const {
        set(slot, key, column);
    }

    __device__ __forceinline__ void fill(u32 slot) const { set(slot, 0, ~u64(0)); }

    template <class Team>
    __device__ __forceinline__ void finish(const Team&) const {}

   private:
    __device__ __forceinline__ void set(u32 slot, u64 key, u64 column) const {
        u64* pair = all_args(args).pairs + 2 * (i64(row) * all_args(args).pairs_stride + slot);
        pair[0] = key;
        pair[1] = column;
    }
};

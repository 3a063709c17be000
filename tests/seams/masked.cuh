// A source: negates the scores, and drops the columns whose bit of a mask is 0.
//
// Fields: `mask`, a bit for each column from the start of its row on, and `mask_stride`, the words from one
// row of the mask to the next.
template <class Dtype, class Result>
struct NegatedAndMasked {
    using Element = typename Dtype::Bits;
    using Score = Result;
    using Bits = typename Result::Bits;
    static constexpr bool IDENTITY = false;
    static constexpr bool DROPS = true;
    static constexpr u32 WIDENED = (sizeof(Bits) - sizeof(Element)) * 8;

    const u32* mask;

    NegatedAndMasked() = default;
    __device__ __forceinline__ NegatedAndMasked(const LaunchArgs& args, u32 row)
        : mask(all_args(args).mask + i64(row) * all_args(args).mask_stride) {}

    static __device__ __forceinline__ RowSpan row(const LaunchArgs& args, u32 row) {
        return RowSpan::of(args, args.row_starts[row], args.row_lengths[row]);
    }

    // A bf16 is the upper half of an f32.
    __device__ __forceinline__ Bits score(Element element, u32) const {
        return Bits(Bits(Bits(element) << WIDENED) ^ Result::SIGN);
    }

    __device__ __forceinline__ bool keep(u32 column) const {
        return (mask[column / 32] >> column % 32 & 1) != 0;
    }
};

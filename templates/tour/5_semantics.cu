// Tour, step 5: what "top" means, and the kernel as it is shipped.
//
// The loop of step 4 is now `kernels/block_radix.cuh`. It learns from a `Config` what a score is, which
// score is better and where a winner goes, so that one text serves every dtype, either end of the
// order, both NaN policies and ragged rows. It adds three things to step 4:
//   - short rows: with k or fewer scores, each wins and the places left are filled with -1;
//   - ties: it ends as soon as all candidates win, not only after the last digit. Where more scores tie
//     than there are places, any of them win;
//   - NaN and zeros: `ordered_key` gives every NaN one key, above all others or below, and -0 that of +0.
//
// topkit renders a `Config` for each variant. The two below are written by hand.
//
// Scope, shared memory, barriers, preconditions: those of `kernels/block_radix.cuh`.
#include "../core/types.cuh"
#include "../kernels/block_radix.cuh"
#include "../score/ordinal.cuh"
#include "../score/source.cuh"
#include "../sink/indices.cuh"

template <class ScoreType, bool LARGEST, bool NAN_HIGHEST, bool RAGGED>
struct Config {
    static constexpr u32 THREADS = 256;
    static constexpr u32 VEC_SIZE = 16 / sizeof(typename ScoreType::Bits);  // scores a load
    static constexpr u32 DIGIT_BITS = 11;
    static constexpr u32 BINS = 1u << DIGIT_BITS;
    static constexpr u32 CANDIDATES = 2048;  // places of the candidate buffer
    static constexpr bool K_PER_ROW = false;  // the launch's k is that of every row
    using Source = PlainSource<ScoreType, RAGGED>;                  // where scores come from
    using Ordinal = ScoreOrdinal<ScoreType, LARGEST, NAN_HIGHEST>;  // which of them are better
    using Output = Indices<i32>;                                    // where winners go
};

using Largest = Config<F32, true, true, false>;
using SmallestRagged = Config<Bf16, false, false, true>;

extern "C" __global__ void __launch_bounds__(Largest::THREADS)
tour_largest(const __grid_constant__ LaunchArgs args) {
    __shared__ BlockRadix<Largest>::Shared shared;
    BlockRadix<Largest>::select(args, shared);
}

extern "C" __global__ void __launch_bounds__(SmallestRagged::THREADS)
tour_smallest_ragged(const __grid_constant__ LaunchArgs args) {
    __shared__ BlockRadix<SmallestRagged>::Shared shared;
    BlockRadix<SmallestRagged>::select(args, shared);
}

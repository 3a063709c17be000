// Tour, step 4: vector loads, whatever the alignment.
//
// Steps 1 to 3 load one score at a time. Here a thread loads 16 bytes at once, and several such vectors
// before it uses the first, so that more bytes are on their way. A row may begin at any element: the
// scores before the first aligned vector and after the last whole one are loaded one by one. All of
// this is in `RowReader`, which asks a `Config` for the sizes and for the key of a score.
//
// Cost: more registers a thread. A pass that keeps few scores loads them a second time.
// Limits: f32 without NaN; dense rows with k <= columns.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Precondition: blockDim.x == Config::THREADS.
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../row/row.cuh"
#include "../row/vec_load.cuh"
#include "../score/source.cuh"
#include "../select/candidate_buffer.cuh"

constexpr u32 DIGIT_BITS = 11;
constexpr u32 BINS = 1u << DIGIT_BITS;
constexpr u32 CAPACITY = 2048;

// What the blocks ask of a kernel.
struct Config {
    static constexpr u32 THREADS = 256;
    static constexpr u32 VEC_SIZE = 4;  // scores a load
    using Source = PlainSource<F32, false>;

    struct Ordinal {
        using Key = u32;
        using Wide = u32;

        // The bits of a float, as an integer that compares as the float does: greater is better.
        static __device__ __forceinline__ u32 key(u32 bits, u32) {
            return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
        }
    };
};
constexpr u32 THREADS = Config::THREADS;

struct Shared {
    Histogram<BINS> histogram;
    ThresholdSearch<THREADS> threshold;
    CandidateBuffer<u32, CAPACITY> candidates;
    OutputSlots slots;
};

extern "C" __global__ void __launch_bounds__(THREADS)
tour_vectors(const __grid_constant__ LaunchArgs args) {
    __shared__ Shared shared;
    const RowReader<Config> reader(find_row<Config>(args, blockIdx.x));
    i32* indices = static_cast<i32*>(args.indices) + i64(blockIdx.x) * args.index_stride;
    const u32 k = u32(args.k);

    // Clear the counters.
    shared.histogram.clear<THREADS>();
    if (threadIdx.x == 0) {
        shared.candidates.size = 0;
        shared.slots = {0, 0};
    }
    __syncthreads();

    // Count all keys by the first digit.
    auto active = ActiveRange<u32, DIGIT_BITS>::between(0, ~0u);
    reader.for_each([&](u32 key, u32) { shared.histogram.add(active.digit(key)); });
    __syncthreads();

    u32 wanted = k;         // winners not yet written
    bool buffered = false;  // all active keys are in the candidate buffer
    while (true) {
        // Find the threshold bin.
        const ThresholdBin threshold = shared.threshold.find(shared.histogram, wanted);
        const auto bin = active.narrowed_to(threshold.bin);
        wanted -= threshold.above;
        const bool last = active.shift == 0;  // the bin is a single key
        const bool fits = !buffered && threshold.inside <= CAPACITY;
        if (!last) {
            shared.histogram.clear<THREADS>();
            __syncthreads();
        }

        // Split the active keys: write those above the bin; in the bin, count by the next digit.
        const auto split = [&](u32 key, u32 column) {
            if (key > bin.greatest) {
                indices[shared.slots.next_winner()] = i32(column);
            } else if (last) {
                const u32 tie = shared.slots.next_tie();
                if (tie < wanted) {
                    indices[k - wanted + tie] = i32(column);
                }
            } else {
                shared.histogram.add(bin.digit(key));
                if (fits) {
                    shared.candidates.push(key, column);
                }
            }
        };
        if (buffered) {
            shared.candidates.for_each_in<THREADS>(bin.least, active.greatest, split);
        } else {
            reader.for_each_in(bin.least, active.greatest, split);
        }
        if (last) {
            return;
        }
        __syncthreads();
        buffered = buffered || fits;
        active = bin;
    }
}

// Tour, step 2: digits by radix passes.
//
// Step 1 traps where the threshold bin has many candidates. Here the bin is split again by the next
// digit of the keys, and again, until one key is left: the threshold. Three digits (11, 11 and 10 bits)
// make a key of 32 bits. So every distribution of scores is selected exactly, without a buffer.
//
// Cost: four reads of the row, three to find the threshold and one to write.
// Limits: f32 without NaN; dense rows with k <= columns.
//
// Radix selection: Alabi, Blanchard, Gordon, Steinbach, "Fast k-selection algorithms for graphics
// processing units", ACM JEA 17 (2012).
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Precondition: blockDim.x == THREADS.
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../select/candidate_buffer.cuh"

constexpr u32 THREADS = 256;
constexpr u32 DIGIT_BITS = 11;
constexpr u32 BINS = 1u << DIGIT_BITS;

struct Shared {
    Histogram<BINS> histogram;
    ThresholdSearch<THREADS> threshold;
    OutputSlots slots;
};

// The bits of a float, as an integer that compares as the float does: greater is better.
__device__ __forceinline__ u32 key_of(u32 bits) {
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

extern "C" __global__ void __launch_bounds__(THREADS)
tour_radix(const __grid_constant__ LaunchArgs args) {
    __shared__ Shared shared;
    const u32* scores = static_cast<const u32*>(args.scores) + i64(blockIdx.x) * args.row_stride;
    i32* indices = static_cast<i32*>(args.indices) + i64(blockIdx.x) * args.index_stride;
    const u32 columns = u32(args.columns);
    const u32 k = u32(args.k);

    // The active range holds the keys that are neither winners nor losers yet: at first all keys.
    auto active = ActiveRange<u32, DIGIT_BITS>::between(0, ~0u);
    u32 wanted = k;  // winners in the active range
    while (active.least < active.greatest) {
        // Clear the counters.
        shared.histogram.clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.slots = {0, 0};
        }
        __syncthreads();

        // Count the active keys by their next digit.
        for (u32 column = threadIdx.x; column < columns; column += THREADS) {
            const u32 key = key_of(scores[column]);
            if (active.least <= key && key <= active.greatest) {
                shared.histogram.add(active.digit(key));
            }
        }
        __syncthreads();

        // Keep the threshold bin as the active range.
        const ThresholdBin threshold = shared.threshold.find(shared.histogram, wanted);
        wanted -= threshold.above;
        active = active.narrowed_to(threshold.bin);
    }

    // Write the scores above the threshold, and as many ties with it as there are places left.
    const u32 threshold = active.least;
    for (u32 column = threadIdx.x; column < columns; column += THREADS) {
        const u32 key = key_of(scores[column]);
        if (key > threshold) {
            indices[shared.slots.next_winner()] = i32(column);
        } else if (key == threshold) {
            const u32 tie = shared.slots.next_tie();
            if (tie < wanted) {
                indices[k - wanted + tie] = i32(column);
            }
        }
    }
}

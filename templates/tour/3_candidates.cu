// Tour, step 3: candidates kept on chip.
//
// Step 2 reads the whole row for each digit. Here the scan that splits the row by one digit does three
// things: it writes the winners above the bin, counts the candidates in the bin by the next digit, and
// puts them into a buffer in shared memory if they fit. From then on the passes read the buffer.
// Where they do not fit, the next pass reads the row again and tries once more: a bin of a later digit
// has fewer candidates.
//
// Cost: two reads of the row where the first bin fits into the buffer, four at the most; the buffer
// takes shared memory, which limits how many CTAs an SM runs.
// Limits: f32 without NaN; dense rows with k <= columns.
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
constexpr u32 CAPACITY = 2048;

struct Shared {
    Histogram<BINS> histogram;
    ThresholdSearch<THREADS> threshold;
    CandidateBuffer<u32, CAPACITY> candidates;
    OutputSlots slots;
};

// The bits of a float, as an integer that compares as the float does: greater is better.
__device__ __forceinline__ u32 key_of(u32 bits) {
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

extern "C" __global__ void __launch_bounds__(THREADS)
tour_candidates(const __grid_constant__ LaunchArgs args) {
    __shared__ Shared shared;
    const u32* scores = static_cast<const u32*>(args.scores) + i64(blockIdx.x) * args.row_stride;
    i32* indices = static_cast<i32*>(args.indices) + i64(blockIdx.x) * args.index_stride;
    const u32 columns = u32(args.columns);
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
    for (u32 column = threadIdx.x; column < columns; column += THREADS) {
        shared.histogram.add(active.digit(key_of(scores[column])));
    }
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
            for (u32 column = threadIdx.x; column < columns; column += THREADS) {
                const u32 key = key_of(scores[column]);
                if (bin.least <= key && key <= active.greatest) {
                    split(key, column);
                }
            }
        }
        if (last) {
            return;
        }
        __syncthreads();
        buffered = buffered || fits;
        active = bin;
    }
}

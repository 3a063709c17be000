// Tour, step 1: one CTA selects the top k of one row with one histogram.
//
// The histogram counts the keys of the row by their upper 11 bits. The bin that holds the k-th best
// key is the threshold bin: scores above the bin win, scores in the bin are candidates. The candidates
// are gathered in shared memory, and each is ranked by comparing it with all others.
//
// Limits: f32 without NaN; dense rows with k <= columns; CAPACITY candidates. With more, it traps.
//
// Scope: block; grid.x = rows. Shared memory: static, under 48 KB. Barriers: uniform over the CTA.
// Precondition: blockDim.x == THREADS.
#include "../core/histogram.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../select/candidate_buffer.cuh"

constexpr u32 THREADS = 256;
constexpr u32 DIGIT_BITS = 11;
constexpr u32 BINS = 1u << DIGIT_BITS;
constexpr u32 CAPACITY = 1024;

struct Shared {
    Histogram<BINS> histogram;
    ThresholdSearch<THREADS> threshold;
    CandidateBuffer<u32, CAPACITY> candidates;
    u32 winners;
};

// The bits of a float, as an integer that compares as the float does: greater is better.
__device__ __forceinline__ u32 key_of(u32 bits) {
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ __forceinline__ u32 digit_of(u32 key) { return key >> (32 - DIGIT_BITS); }

extern "C" __global__ void __launch_bounds__(THREADS)
tour_histogram(const __grid_constant__ LaunchArgs args) {
    __shared__ Shared shared;
    const u32* scores = static_cast<const u32*>(args.scores) + i64(blockIdx.x) * args.row_stride;
    i32* indices = static_cast<i32*>(args.indices) + i64(blockIdx.x) * args.index_stride;
    const u32 columns = u32(args.columns);
    const u32 k = u32(args.k);

    // Clear the counters.
    shared.histogram.clear<THREADS>();
    if (threadIdx.x == 0) {
        shared.candidates.size = 0;
        shared.winners = 0;
    }
    __syncthreads();

    // Count the keys by their digit.
    for (u32 column = threadIdx.x; column < columns; column += THREADS) {
        shared.histogram.add(digit_of(key_of(scores[column])));
    }
    __syncthreads();

    // Find the threshold bin: the bins above it hold fewer than k keys, with it they hold k or more.
    const ThresholdBin threshold = shared.threshold.find(shared.histogram, k);
    if (threshold.inside > CAPACITY) {
        __trap();
    }

    // Read the row again. Write the winners above the bin, gather the candidates in it.
    for (u32 column = threadIdx.x; column < columns; column += THREADS) {
        const u32 key = key_of(scores[column]);
        const u32 digit = digit_of(key);
        if (digit > threshold.bin) {
            indices[atomicAdd(&shared.winners, 1u)] = i32(column);
        } else if (digit == threshold.bin) {
            shared.candidates.push(key, column);
        }
    }
    __syncthreads();

    // Rank each candidate. The rank is its place after the winners; beyond k there is no place.
    const u32 candidates = threshold.inside;
    for (u32 mine = threadIdx.x; mine < candidates; mine += THREADS) {
        const u32 key = shared.candidates.keys[mine];
        u32 rank = 0;
        for (u32 other = 0; other < candidates; ++other) {
            const u32 their = shared.candidates.keys[other];
            rank += their > key || (their == key && other < mine);
        }
        if (threshold.above + rank < k) {
            indices[threshold.above + rank] = i32(shared.candidates.columns[mine]);
        }
    }
}

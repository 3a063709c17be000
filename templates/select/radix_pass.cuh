// One pass of a radix selection: counts a digit of the candidates' keys and finds the threshold bin.
// Candidates above the bin win. Candidates in the bin are the candidates of the next pass.
//
// Scope: block; every thread must call. Shared memory: the caller's histogram and search. Barriers: one
// after the count, and those of the search; the caller places one before it clears the histogram again.
// Preconditions: the histogram is clear (a barrier); the keys of all candidates are in `active`.
#pragma once
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"

// Returns the threshold bin, and leaves the keys of the bin in `inside`.
// scores.for_each_key(candidates, visit) calls visit(key, ...) for each candidate of this thread. find()
// searches the complete histogram.
template <u32 BINS, class Active, class Scores, class Candidates, class Find>
__device__ __forceinline__ ThresholdBin radix_pass(Histogram<BINS>& histogram,
                                                   const Active& active,
                                                   const Scores& scores, const Candidates& candidates,
                                                   const Find& find, Active& inside) {
    scores.for_each_key(candidates, [&](auto key, auto...) { histogram.add(active.digit(key)); });
    __syncthreads();
    const ThresholdBin threshold = find();
    inside = active.narrowed_to(threshold.bin);
    return threshold;
}

// The pass over candidates that are hits of a row in registers. Adds the hits above the bin to `winners`,
// and the hits in the bin to `left`.
template <u32 BINS, class Active, class Scores, class Hits, class Find>
__device__ __forceinline__ ThresholdBin radix_pass(Histogram<BINS>& histogram,
                                                   const Active& active,
                                                   const Scores& scores, const Hits& candidates,
                                                   const Find& find, Active& inside,
                                                   Hits& winners, Hits& left) {
    const ThresholdBin threshold = radix_pass(histogram, active, scores, candidates, find, inside);
    scores.for_each_key(candidates, [&](auto key, u32 word, u32 bit) {
        if (key > inside.greatest) {
            winners.add(word, bit);
        } else if (key >= inside.least) {
            left.add(word, bit);
        }
    });
    return threshold;
}

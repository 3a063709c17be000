// The next stripes of a CTA's part, prefetched into shared memory.
//
// Scope: thread; each copies and reads its own share. Shared memory: dynamic, STAGES stripes. Barriers:
// none. Preconditions: as for `Stripes`.
//
// A thread reads its share a vector at a time, so that few scores are in registers, and reads the few hits
// again from shared memory: 1024 x 131072 bf16, k = 2048, 90.3 us, and 121.6 us with stripes in registers
// and hits loaded again (H200). More stages are no faster.
#pragma once
#include "../core/types.cuh"
#include "../ptx/async_copy.cuh"
#include "../ptx/dynamic_shared.cuh"
#include "stripes.cuh"

template <class Config>
struct Ring {
    using Element = typename Config::Source::Element;
    using Slices = Stripes<Config>;
    using Word = typename Slices::Word;
    using Words = typename Slices::Words;
    static constexpr u32 STAGES = Config::STAGES;
    // Stripes that are filtered before their hits become candidates.
    static constexpr u32 BATCH = STAGES == 2 ? 1 : STAGES;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 VECTORS = Slices::VECTORS;
    static constexpr u32 VEC_SIZE = Config::VEC_SIZE;

    uint4* own;  // this thread's first vector; its next vectors follow at a distance of THREADS

    __device__ __forceinline__ Ring() { own = dynamic_shared() + threadIdx.x; }

    // Starts the copies of a stripe into a stage, as one group of copies. Fills in WORST where the
    // thread has no score. Precondition: the stage's old scores have been read.
    __device__ __forceinline__ void prefetch(const Slices& slices, u32 stripe, u32 stage) const {
        const u32 first = slices.first(stripe, threadIdx.x);
        const u32 step = slices.step();
        const uint4* from = reinterpret_cast<const uint4*>(slices.elements + slices.head) + first;
        uint4* to = own + stage * VECTORS * THREADS;
        if (VECTORS * step <= slices.vectors) {
#pragma unroll
            for (u32 v = 0; v < VECTORS; ++v) {
                copy_async(to + v * THREADS, from + v * step);
            }
        } else {
#pragma unroll
            for (u32 v = 0; v < VECTORS; ++v) {
                if (first + v * step < slices.vectors) {
                    copy_async(to + v * THREADS, from + v * step);
                } else {
                    to[v * THREADS] = {Word::WORST, Word::WORST, Word::WORST, Word::WORST};
                }
            }
        }
        copy_async_commit();
    }

    // Calls visit(w, word) for the thread's words of a stripe that has arrived.
    template <class Visit>
    __device__ __forceinline__ void for_each_word(const Slices& slices, u32 stripe, u32 stage,
                                                  Visit visit) const {
        const uint4* from = own + stage * VECTORS * THREADS;
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            const uint4 vector = from[v * THREADS];
            if constexpr (Words::RAW) {
                visit(4 * v, vector.x);
                visit(4 * v + 1, vector.y);
                visit(4 * v + 2, vector.z);
                visit(4 * v + 3, vector.w);
            } else {
                const u32 place = slices.first(stripe, threadIdx.x) + v * slices.step();
                u32 words[Words::VECTOR];
                if (place < slices.vectors) {
                    Words::make(slices, vector, slices.head + place * VEC_SIZE, words, 0);
                } else {
                    Words::clear(words, 0);
                }
#pragma unroll
                for (u32 w = 0; w < Words::VECTOR; ++w) {
                    visit(Words::VECTOR * v + w, words[w]);
                }
            }
        }
    }

    // One of the thread's elements of a stripe that has arrived.
    __device__ __forceinline__ Element element(u32 stage, u32 item) const {
        return element(threadIdx.x, stage, item);
    }

    // An element of any thread. Precondition: a barrier since the stripe arrived.
    __device__ __forceinline__ Element element(u32 thread, u32 stage, u32 item) const {
        const uint4* vector = own - threadIdx.x + thread + (stage * VECTORS + item / VEC_SIZE) * THREADS;
        return reinterpret_cast<const Element*>(vector)[item % VEC_SIZE];
    }
};

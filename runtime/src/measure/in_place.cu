// What is around a selection in a user's program: a kernel that writes the scores before it, and one that
// reads the indices after it.
// Scope: grid. Shared memory: none. Barriers: none.
// Preconditions: launched with programmatic dependent launch where the GPU has it. Each kernel waits for the
// preceding grid before it touches memory, and lets the dependent grid start after its own last access.

constexpr int LOADS = 8; // outstanding at the same time in each thread
constexpr unsigned long long CHUNK = 16;

// `WriteArgs` in in_place.rs, field by field.
struct WriteArgs {
    unsigned long long data;      // the address of the first row
    unsigned long long pitch;     // bytes from row to row
    unsigned long long row_bytes; // of the longest row
    const int* lengths;           // scores of each row; null where all rows are as long as the longest
    unsigned rows;
    unsigned parts;               // of a row; a CTA writes one at a time
    unsigned score_bytes;
    unsigned zero;                // 0, which the compiler does not know
};

// `ReadArgs` in in_place.rs.
struct ReadArgs {
    const int* indices;
    unsigned long long count;
    unsigned* sink;
};

__device__ __forceinline__ void wait_for_preceding_grid() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

__device__ __forceinline__ void launch_dependents() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// Writes the scores that are there already: a selection after it finds the same ones, as new in the L2 cache
// as a producer leaves them. Chunks that two rows share are written twice, with the same bytes.
extern "C" __global__ void __launch_bounds__(256) write_scores(WriteArgs args) {
    wait_for_preceding_grid();
    const unsigned long long items = static_cast<unsigned long long>(args.rows) * args.parts;
    for (unsigned long long item = blockIdx.x; item < items; item += gridDim.x) {
        const unsigned long long row = item / args.parts;
        const unsigned part = static_cast<unsigned>(item % args.parts);
        const unsigned long long bytes =
            args.lengths == nullptr
                ? args.row_bytes
                : static_cast<unsigned long long>(args.lengths[row]) * args.score_bytes;
        const unsigned long long begin = (args.data + row * args.pitch) / CHUNK;
        const unsigned long long end = (args.data + row * args.pitch + bytes + CHUNK - 1) / CHUNK;
        const unsigned long long share = (end - begin + args.parts - 1) / args.parts;
        const unsigned long long last =
            begin + (part + 1) * share < end ? begin + (part + 1) * share : end;
        for (unsigned long long at = begin + part * share + threadIdx.x; at < last;
             at += LOADS * blockDim.x) {
            uint4 chunks[LOADS];
#pragma unroll
            for (int i = 0; i < LOADS; ++i) {
                const unsigned long long from = at + i * blockDim.x;
                if (from < last) {
                    chunks[i] = *reinterpret_cast<const uint4*>(from * CHUNK);
                }
            }
#pragma unroll
            for (int i = 0; i < LOADS; ++i) {
                const unsigned long long to = at + i * blockDim.x;
                if (to < last) {
                    chunks[i].x ^= args.zero;
                    *reinterpret_cast<uint4*>(to * CHUNK) = chunks[i];
                }
            }
        }
    }
    launch_dependents();
}

extern "C" __global__ void __launch_bounds__(256) read_indices(ReadArgs args) {
    wait_for_preceding_grid();
    const unsigned long long step = static_cast<unsigned long long>(gridDim.x) * blockDim.x;
    unsigned seen = 0;
    for (unsigned long long at = static_cast<unsigned long long>(blockIdx.x) * blockDim.x + threadIdx.x;
         at < args.count; at += step) {
        seen += static_cast<unsigned>(args.indices[at]);
    }
    // A sum that next to no answer has. Without this the loads would have no use, and be left out.
    if (seen == 0x7fb5d329u) {
        *args.sink = seen;
    }
    launch_dependents();
}

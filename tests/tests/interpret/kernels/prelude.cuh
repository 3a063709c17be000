// Before every kernel of this folder: names, and the argument that all of them take.
using u32 = unsigned;
using u64 = unsigned long long;

struct Args {
    u32* out;         // one word a thread of the grid, unwritten
    const u32* in;    // in[i] = 3 * i, for as many words as `out` has, and at least 64
    u32* work;        // 64 words, zeros
};

static __device__ inline u32 me() { return blockIdx.x * blockDim.x + threadIdx.x; }

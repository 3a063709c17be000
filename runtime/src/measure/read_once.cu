// The least time of every selection: reads each byte of an input once and writes next to nothing.
// Scope: grid. Shared memory: none. Barriers: none.
// Preconditions: `data` is aligned to 16 bytes and holds `chunks` loads of 16 bytes.

constexpr int LOADS = 8; // outstanding at the same time in each thread

extern "C" __global__ void read_once(const uint4* __restrict__ data, unsigned long long chunks,
                                     unsigned* sink) {
    const unsigned long long step = static_cast<unsigned long long>(gridDim.x) * blockDim.x;
    unsigned long long at = static_cast<unsigned long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    unsigned seen = 0;
    for (; at < chunks; at += LOADS * step) {
        uint4 held[LOADS];
#pragma unroll
        for (int i = 0; i < LOADS; ++i) {
            const unsigned long long from = at + i * step;
            held[i] = from < chunks ? __ldg(data + from) : make_uint4(0, 0, 0, 0);
        }
#pragma unroll
        for (int i = 0; i < LOADS; ++i) {
            seen += held[i].x ^ held[i].y ^ held[i].z ^ held[i].w;
        }
    }
    // A sum that next to no input has. Without this the loads would have no use, and be left out.
    if (seen == 0x7fb5d329u) {
        *sink = seen;
    }
}

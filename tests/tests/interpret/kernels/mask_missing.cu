// A mask names lanes that are at another collective.
template <bool RIGHT> static __device__ void body(const Args& args) {
    u32 votes;
    if (threadIdx.x % 32 < 16) {
        votes = __ballot_sync(RIGHT ? 0x0000FFFFu : 0xFFFFFFFFu, 1);  // fault
    } else {
        votes = __ballot_sync(RIGHT ? 0xFFFF0000u : 0xFFFF0000u, 1);
        __syncwarp(RIGHT ? 0xFFFF0000u : 0xFFFFFFFFu);  // fault
    }
    args.out[me()] = votes == 0 ? 0 : args.in[me()];
}

// Takes a warp for a lockstep machine.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[64];
    words[threadIdx.x] = 0;
    __syncwarp();
    words[threadIdx.x] = args.in[me() ^ 1];  // fault
    if (RIGHT) {
        __syncwarp();
    } else {
        __ballot_sync(0xFFFFFFFFu, 1);  // exchanges votes, orders no memory
    }
    args.out[me()] = words[threadIdx.x ^ 1];  // fault
}

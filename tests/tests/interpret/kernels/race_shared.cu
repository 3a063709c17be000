// Reads what another thread writes, with no barrier between.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[64];
    words[threadIdx.x] = 0;
    __syncthreads();
    words[threadIdx.x] = args.in[me() ^ 32];  // fault
    if (RIGHT) {
        __syncthreads();
    }
    args.out[me()] = words[threadIdx.x ^ 32];  // fault
}

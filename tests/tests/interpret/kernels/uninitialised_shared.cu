// Reads shared memory that only half of the threads have written.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[64];
    if (RIGHT || threadIdx.x < 32) {
        words[threadIdx.x] = args.in[me()];
    }
    __syncthreads();
    args.out[me()] = words[threadIdx.x];  // fault
}

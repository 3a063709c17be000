// Reads beyond all of the shared memory.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[64];
    words[threadIdx.x] = args.in[me()];
    __syncthreads();
    const u32* from = words;
    args.out[me()] = from[RIGHT ? threadIdx.x : threadIdx.x + 256];  // fault
}

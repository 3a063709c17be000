// All threads come to a barrier, and not to the same one.
template <bool RIGHT> static __device__ void body(const Args& args) {
    args.out[me()] = args.in[me()];
    if (RIGHT || threadIdx.x < 32) {
        __syncthreads();  // fault
    } else {
        __syncthreads();  // fault
    }
}

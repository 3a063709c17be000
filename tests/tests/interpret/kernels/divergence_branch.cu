// Some of the threads pass by a barrier, and return.
template <bool RIGHT> static __device__ void body(const Args& args) {
    args.out[me()] = args.in[me()];
    if (RIGHT || threadIdx.x < 40) {
        __syncthreads();  // fault
    }
}

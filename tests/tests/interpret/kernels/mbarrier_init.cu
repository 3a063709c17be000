// Uses an mbarrier that another thread initialises, with no barrier between.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u64 done;
    if (threadIdx.x == 0) {
        topkit::mbarrier_init(&done, blockDim.x);  // fault
    }
    if (RIGHT) {
        __syncthreads();
    }
    topkit::mbarrier_arrive(&done);  // fault
    topkit::mbarrier_wait_parity(&done, 0);
    args.out[me()] = args.in[me()];
}

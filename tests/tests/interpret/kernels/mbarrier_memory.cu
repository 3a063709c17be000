// Stores words where an mbarrier is, after its last phase.
template <bool RIGHT> static __device__ void body(const Args& args) {
    alignas(16) __shared__ u32 words[64 + 2];
    u64* const done = reinterpret_cast<u64*>(&words[RIGHT ? 64 : 0]);
    if (threadIdx.x == 0) {
        topkit::mbarrier_init(done, 1);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        topkit::mbarrier_arrive_expect_tx(done, 0);
    }
    topkit::mbarrier_wait_parity(done, 0);
    __syncthreads();
    words[threadIdx.x] = args.in[me()];  // fault
    args.out[me()] = words[threadIdx.x];
}

// Reads the bytes of a bulk copy before the copy is complete.
template <bool RIGHT> static __device__ void body(const Args& args) {
    alignas(16) __shared__ u32 words[64];
    __shared__ u64 done;
    if (threadIdx.x == 0) {
        topkit::mbarrier_init(&done, 1);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        topkit::mbarrier_arrive_expect_tx(&done, sizeof words);
        topkit::bulk_copy(words, args.in + blockIdx.x * 64, sizeof words, &done);  // fault
    }
    if (RIGHT) {
        topkit::mbarrier_wait_parity(&done, 0);
    }
    args.out[me()] = words[threadIdx.x];  // fault
    if (!RIGHT) {
        topkit::mbarrier_wait_parity(&done, 0);
    }
}
